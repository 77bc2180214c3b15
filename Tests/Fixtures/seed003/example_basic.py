# example_basic.py
import asyncio
import aiohttp
import json

async def insert_basic_chat():
    """基本聊天数据插入示例"""
    
    url = "http://localhost:10000/api/chat/insert"
    
    data = {
        "app_id": "your-app-id",
        "user_id": "your-user-id",
        "query": "你好，请问今天天气如何？",
        "answer": "今天天气晴朗，气温在20-25度之间，非常适合外出活动。",
        "model_provider": "openai",
        "model_id": "gpt-3.5-turbo",
        "metadata": {
            "latency": 1.2,
            "temperature": 0.7,
            "max_tokens": 150
        }
    }
    
    async with aiohttp.ClientSession() as session:
        async with session.post(url, json=data) as response:
            result = await response.json()
            print(f"插入结果: {json.dumps(result, indent=2, ensure_ascii=False)}")

if __name__ == "__main__":
    asyncio.run(insert_basic_chat())
