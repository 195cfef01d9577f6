"""Views of X-Ray: values or boto3's answers in, drawings out."""
