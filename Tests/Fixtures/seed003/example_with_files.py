# example_with_files.py
import asyncio
import aiohttp
import json

async def insert_chat_with_files():
    """带文件的聊天数据插入示例"""
    
    url = "http://localhost:10000/api/chat/insert"
    
    data = {
        "app_id": "your-app-id",
        "user_id": "your-user-id",
        "query": "请分析这个文档的内容",
        "answer": "根据文档内容分析，主要包含以下几个要点：1. 项目背景介绍 2. 技术方案说明 3. 实施计划安排",
        "files": [
            {
                "type": "document",
                "transfer_method": "local_file",
                "url": "/uploads/document.pdf",
                "upload_file_id": "file-123456",
                "belongs_to": "user"
            }
        ],
        "inputs": {
            "document_type": "pdf",
            "analysis_type": "summary"
        },
        "metadata": {
            "file_count": 1,
            "processing_time": 3.5
        }
    }
    
    async with aiohttp.ClientSession() as session:
        async with session.post(url, json=data) as response:
            result = await response.json()
            print(f"插入结果: {json.dumps(result, indent=2, ensure_ascii=False)}")

if __name__ == "__main__":
    asyncio.run(insert_chat_with_files())
