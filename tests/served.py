"""A lab behind HTTP, and boto3 clients of it."""

import botocore.session
from botocore.config import Config

PUT = {"Namespace": "N", "MetricData": [{"MetricName": "m", "Value": 1.0}]}
KEPT = {"Namespace": "N", "MetricData": [{"MetricName": "kept", "Value": 1.0}]}

#: ListMetrics as bytes.
LIST = (
    b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: GraniteServiceVersion20100801.ListMetrics\r\n"
    b"Content-Length: 2\r\n\r\n{}"
)


def client_of(service, name, protocol=None, **more):
    key = service.lab.identities.learner().access_key_id
    session = botocore.session.get_session()
    if protocol is not None:  # an older or newer boto3 would choose another protocol
        loader = session.get_component("data_loader")
        load = loader.load_service_model

        def load_service_model(service_name, type_name, api_version=None):
            loaded = load(service_name, type_name, api_version)
            if service_name == name and type_name == "service-2":
                metadata = {**loaded["metadata"], "protocol": protocol, "protocols": [protocol]}
                loaded = {**loaded, "metadata": metadata}
            return loaded

        loader.load_service_model = load_service_model
    return session.create_client(
        name,
        region_name="us-east-1",
        endpoint_url=service.url,
        aws_access_key_id=key,
        aws_secret_access_key=service.lab.identities.secret_for(key),
        config=Config(retries={"max_attempts": 0}),
        **more,
    )
