#!/bin/sh
# The story as a shell tells it: Amazon's own CLI, the endpoint and the keys in the environment.
# $ZIP is the function's code, $PYTHON speaks to the control path.
set -eu

control() { # path [json]
    "$PYTHON" -c '
import sys, urllib.request
url, path, *wish = sys.argv[1:]
data = wish[0].encode() if wish else None
print(urllib.request.urlopen(f"{url}/_labkit/{path}", data, 60).read().decode())
' "$AWS_ENDPOINT_URL" "$@"
}
export AWS_PAGER="" AWS_DEFAULT_OUTPUT=text

machine=$(aws ec2 run-instances --image-id ami-0c55b159cbfafe1f0 --instance-type t3.micro \
    --client-token story --query 'Instances[0].InstanceId')
topic=$(aws sns create-topic --name on-call)
aws sns subscribe --topic-arn "$topic" --protocol email \
    --notification-endpoint oncall@teapot.example >/dev/null
token=$(control mailbox | "$PYTHON" -c \
    'import json, sys; print(json.load(sys.stdin)["mails"][-1]["confirm_token"])')
aws sns confirm-subscription --topic-arn "$topic" --token "$token" >/dev/null
# Version 1 of the CLI has hosts of its own for sqs, which go before AWS_ENDPOINT_URL.
queue=$(aws sqs --endpoint-url "$AWS_ENDPOINT_URL" create-queue --queue-name pager)
aws sqs --endpoint-url "$AWS_ENDPOINT_URL" set-queue-attributes --queue-url "$queue" --attributes "$(cat "$POLICY")"
aws sns subscribe --topic-arn "$topic" --protocol sqs \
    --notification-endpoint arn:aws:sqs:us-east-1:123456789012:pager >/dev/null
aws iam create-role --role-name wake --assume-role-policy-document "$(cat "$TRUST")" >/dev/null
aws iam attach-role-policy --role-name wake \
    --policy-arn arn:aws:iam::aws:policy/CloudWatchFullAccess
aws lambda create-function --function-name wake --runtime python3.12 --handler wake.handler \
    --role arn:aws:iam::123456789012:role/wake --zip-file "fileb://$ZIP" >/dev/null
aws lambda add-permission --function-name wake --statement-id topic \
    --action lambda:InvokeFunction --principal sns.amazonaws.com --source-arn "$topic" >/dev/null
aws sns subscribe --topic-arn "$topic" --protocol lambda \
    --notification-endpoint arn:aws:lambda:us-east-1:123456789012:function:wake >/dev/null
aws cloudwatch put-metric-alarm --alarm-name slow --namespace Shop --metric-name Latency \
    --statistic Average --period 60 --evaluation-periods 1 --threshold 500 --treat-missing-data ignore \
    --comparison-operator GreaterThanThreshold --alarm-actions "$topic"
aws cloudwatch put-metric-data --namespace Shop --metric-name Latency --value 900
control clock '{"advance_seconds": 180}' >/dev/null
aws ec2 stop-instances --instance-ids "$machine" >/dev/null
control clock '{"advance_seconds": 60}' >/dev/null
