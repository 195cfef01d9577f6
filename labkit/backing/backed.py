"""Which services moto backs, by botocore's names."""

#: One a line, in alphabetical order.
SERVICES = frozenset(
    {
        "apigateway",
        "autoscaling",
        "codebuild",
        "dynamodb",
        "dynamodbstreams",
        "ec2",
        "ecs",
        "elasticbeanstalk",
        "elbv2",
        "firehose",
        "iam",
        "kinesis",
        "kms",
        "lambda",
        "opensearch",
        "organizations",
        "route53",
        "s3",
        "secretsmanager",
        "sns",
        "sqs",
        "ssm",
        "sts",
    }
)
