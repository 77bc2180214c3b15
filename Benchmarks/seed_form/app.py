"""The peer: a chat-data insertion service as a careful team would write it with FastAPI and SQLAlchemy.

One transaction an exchange, an atomic counter, a unique key against repeats, a retry where two requests create the
same conversation. DATABASE_URL is mysql+aiomysql://… or sqlite+aiosqlite:///…
"""

import datetime
import os
import uuid

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, Field
from sqlalchemy import (
    DECIMAL, JSON, DateTime, Enum, ForeignKey, Index, Integer, String, Text, UniqueConstraint, event, func, select,
    update,
)
from sqlalchemy.dialects.mysql import LONGTEXT
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

URL = os.environ["DATABASE_URL"]
IS_SQLITE = URL.startswith("sqlite")
LongText = Text().with_variant(LONGTEXT, "mysql")


class Base(DeclarativeBase):
    pass


def time_of_writing():
    return mapped_column(DateTime, server_default=func.now())


class Conversation(Base):
    __tablename__ = "conversations"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    app_id: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(255))
    status: Mapped[str] = mapped_column(
        Enum("normal", "archived", "deleted", name="conversation_status"), default="normal")
    inputs: Mapped[dict] = mapped_column(JSON)
    from_end_user_id: Mapped[str] = mapped_column(String(64))
    from_source: Mapped[str] = mapped_column(String(32), default="api")
    dialogue_count: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[datetime.datetime] = time_of_writing()
    updated_at: Mapped[datetime.datetime] = time_of_writing()
    __table_args__ = (
        Index("idx_conv_app_created", "app_id", "created_at"),
        Index("idx_conv_user_created", "from_end_user_id", "created_at"),
    )


class Message(Base):
    __tablename__ = "messages"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(String(36), ForeignKey("conversations.id", ondelete="CASCADE"))
    app_id: Mapped[str] = mapped_column(String(64))
    model_provider: Mapped[str] = mapped_column(String(64))
    model_id: Mapped[str] = mapped_column(String(128))
    inputs: Mapped[dict] = mapped_column(JSON)
    query: Mapped[str] = mapped_column(LongText)
    message: Mapped[dict | None] = mapped_column(JSON)
    message_tokens: Mapped[int] = mapped_column(Integer, default=0)
    answer: Mapped[str] = mapped_column(LongText)
    answer_tokens: Mapped[int] = mapped_column(Integer, default=0)
    provider_response_latency: Mapped[float] = mapped_column(DECIMAL(10, 3), default=0)
    total_price: Mapped[float] = mapped_column(DECIMAL(18, 6), default=0)
    currency: Mapped[str] = mapped_column(String(8), default="USD")
    status: Mapped[str] = mapped_column(Enum("normal", "error", name="message_status"), default="normal")
    error: Mapped[str | None] = mapped_column(Text)
    message_metadata: Mapped[dict | None] = mapped_column(JSON)
    client_message_id: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime.datetime] = time_of_writing()
    updated_at: Mapped[datetime.datetime] = time_of_writing()
    __table_args__ = (
        Index("idx_msg_conv_created", "conversation_id", "created_at"),
        UniqueConstraint("conversation_id", "client_message_id", name="ux_msg_conv_client"),
    )


class MessageFile(Base):
    __tablename__ = "message_files"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    message_id: Mapped[str] = mapped_column(String(36), ForeignKey("messages.id", ondelete="CASCADE"), index=True)
    type: Mapped[str] = mapped_column(String(16), default="document")
    transfer_method: Mapped[str] = mapped_column(String(16), default="local_file")
    url: Mapped[str] = mapped_column(String(2048))
    belongs_to: Mapped[str] = mapped_column(String(16), default="user")
    upload_file_id: Mapped[str | None] = mapped_column(String(128))
    created_by_role: Mapped[str] = mapped_column(String(16), default="end_user")
    created_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime.datetime] = time_of_writing()


engine = create_async_engine(URL, pool_pre_ping=True, connect_args={"timeout": 60} if IS_SQLITE else {})
Session = async_sessionmaker(engine, expire_on_commit=False)

if IS_SQLITE:
    # The driver's own BEGIN is deferred; a writer must take its lock before it reads, or two of them deadlock.
    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection, _):
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
            cursor.execute("PRAGMA " + pragma)
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection):
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


async def session_of_request():
    async with Session() as session:
        yield session


class ChatRequest(BaseModel):
    app_id: str
    user_id: str
    query: str
    answer: str
    model_provider: str = "custom"
    model_id: str = "custom-model"
    conversation_id: str | None = None
    client_message_id: str | None = None
    files: list[dict] = Field(default_factory=list)
    inputs: dict = Field(default_factory=dict)
    metadata: dict = Field(default_factory=dict)


class ChatResponse(BaseModel):
    success: bool
    conversation_id: str
    message_id: str
    error: str | None = None


def validate(chat):
    for name in ("app_id", "user_id", "query", "answer"):
        if not getattr(chat, name):
            raise HTTPException(400, f"{name} 不能为空")
    for file in chat.files:
        if not file.get("url"):
            raise HTTPException(400, "文件URL不能为空")
        if len(file["url"]) > 2048:
            raise HTTPException(400, "文件URL长度超过限制(2048)")


async def insert(session, chat):
    conversation_id = chat.conversation_id or str(uuid.uuid4())
    async with session.begin():
        if IS_SQLITE:
            await session.connection(execution_options={"writes": True})
        conversation = await session.get(Conversation, conversation_id) if chat.conversation_id else None
        if conversation is None:
            session.add(Conversation(
                id=conversation_id, app_id=chat.app_id, inputs=chat.inputs, from_end_user_id=chat.user_id,
                name=f"Conversation {datetime.datetime.now():%Y%m%d_%H%M%S}"))
            await session.flush()
        elif chat.client_message_id:
            first = await session.scalar(select(Message).where(
                Message.conversation_id == conversation_id, Message.client_message_id == chat.client_message_id))
            if first:
                return conversation_id, first.id
        message_id = str(uuid.uuid4())
        session.add(Message(
            id=message_id, conversation_id=conversation_id, app_id=chat.app_id, model_provider=chat.model_provider,
            model_id=chat.model_id, inputs=chat.inputs, query=chat.query, message={"content": chat.query},
            answer=chat.answer, provider_response_latency=float(chat.metadata.get("latency", 0)),
            message_metadata=chat.metadata, client_message_id=chat.client_message_id))
        await session.flush()
        for file in chat.files:
            session.add(MessageFile(
                id=str(uuid.uuid4()), message_id=message_id, type=file.get("type", "document"),
                transfer_method=file.get("transfer_method", "local_file"), url=file["url"],
                belongs_to=file.get("belongs_to", "user"), upload_file_id=file.get("upload_file_id"),
                created_by=chat.user_id))
        await session.execute(
            update(Conversation).where(Conversation.id == conversation_id)
            .values(dialogue_count=Conversation.dialogue_count + 1, updated_at=func.now())
            .execution_options(synchronize_session=False))
    return conversation_id, message_id


app = FastAPI(title="聊天数据插入API", version="1.0.0")


@app.post("/api/chat/insert", response_model=ChatResponse)
async def insert_chat(chat: ChatRequest, session=Depends(session_of_request)):
    validate(chat)
    for _ in range(5):
        try:
            conversation_id, message_id = await insert(session, chat)
            return ChatResponse(success=True, conversation_id=conversation_id, message_id=message_id)
        except (IntegrityError, OperationalError) as failure:
            # Somebody else created the conversation meanwhile, or the engine chose us in a deadlock.
            last = failure
            session.expunge_all()
    raise HTTPException(500, str(last))


@app.get("/api/chat/health")
async def health():
    return {"status": "healthy", "service": "chat-data-insertion"}
