"""Servers the caller gives by environment instead of embedded ones: only things of our own names are made there."""

import os
import re
from collections.abc import Mapping

from scripts.stack.layout import ROOT, CannotRun, checkout_id

S3_NAMES = {
    "endpoint_url": "S3_ENDPOINT_URL",
    "access_key": "S3_ACCESS_KEY",
    "secret_key": "S3_SECRET_KEY",
    "region": "S3_REGION",
}
BUCKET_MARK = ".made-for-shala"


def inherited() -> dict[str, str]:
    """The caller's environment without what `.env.example` explains: settings of another installation stay out of ours."""
    explained = re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    return {name: value for name, value in os.environ.items() if name not in explained}


def own_name(purpose: str) -> str:
    """The name of this checkout's database, and with dashes of its bucket: `shala_demo_<checkout>`."""
    return f"shala_{purpose}_{checkout_id()}"


def postgres_given(environ: Mapping[str, str] = os.environ) -> str:
    """A server login that may create databases and roles; its database is only connected to, never changed."""
    return environ.get("DATABASE_URL", "")


def redis_given(environ: Mapping[str, str] = os.environ) -> str:
    return environ.get("REDIS_URL", "")


def s3_given(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """All of S3_* or nothing. Raises CannotRun when some are missing."""
    found = {part: environ.get(name, "") for part, name in S3_NAMES.items()}
    missing = [name for part, name in S3_NAMES.items() if not found[part]]
    if len(missing) == len(S3_NAMES):
        return {}
    if missing:
        raise CannotRun(f"{', '.join(missing)} missing: set all of {', '.join(S3_NAMES.values())}, or none")
    return found


def bucket_ensure(s3: Mapping[str, str], bucket: str) -> None:
    """Make the bucket, or accept the one we made. Raises CannotRun for a bucket that does not carry our mark."""
    import boto3
    from botocore.exceptions import ClientError

    client = boto3.client(
        "s3",
        endpoint_url=s3["endpoint_url"],
        aws_access_key_id=s3["access_key"],
        aws_secret_access_key=s3["secret_key"],
        region_name=s3["region"],
    )
    try:
        client.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise CannotRun(f"bucket {bucket} is not ours: {error}") from error
        client.create_bucket(Bucket=bucket)
        client.put_object(Bucket=bucket, Key=BUCKET_MARK, Body=b"")
        return
    try:
        client.head_object(Bucket=bucket, Key=BUCKET_MARK)
    except ClientError as error:
        raise CannotRun(f"bucket {bucket} exists and does not carry our mark; it is left alone") from error
