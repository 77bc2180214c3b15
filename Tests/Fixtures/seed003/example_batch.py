# example_batch.py
import asyncio
import aiohttp
import json

async def insert_batch_chat():
    """批量聊天数据插入示例"""
    
    url = "http://localhost:10000/api/chat/insert"
    
    # 模拟多轮对话
    conversations = [
        {
            "app_id": "your-app-id",
            "user_id": "your-user-id",
            "query": "什么是机器学习？",
            "answer": "机器学习是人工智能的一个分支，它使计算机能够在没有明确编程的情况下学习和改进。"
        },
        {
            "app_id": "your-app-id", 
            "user_id": "your-user-id",
            "query": "机器学习有哪些应用场景？",
            "answer": "机器学习广泛应用于图像识别、自然语言处理、推荐系统、金融风控等领域。"
        },
        {
            "app_id": "your-app-id",
            "user_id": "your-user-id", 
            "query": "如何开始学习机器学习？",
            "answer": "建议从基础数学和统计学开始，然后学习Python编程，再逐步深入算法和框架。"
        }
    ]
    
    async with aiohttp.ClientSession() as session:
        for i, data in enumerate(conversations):
            async with session.post(url, json=data) as response:
                result = await response.json()
                print(f"第{i+1}条插入结果: {json.dumps(result, indent=2, ensure_ascii=False)}")

if __name__ == "__main__":
    asyncio.run(insert_batch_chat())
