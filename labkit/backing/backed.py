"""Which services moto backs, by botocore's names."""

#: One a line, in alphabetical order.
SERVICES = frozenset(
    {
        "autoscaling",
        "codebuild",
        "dynamodb",
        "dynamodbstreams",
        "ec2",
        "ecs",
        "elasticbeanstalk",
        "firehose",
        "iam",
        "kinesis",
        "kms",
        "s3",
        "secretsmanager",
        "sns",
        "sqs",
        "ssm",
        "sts",
    }
)
