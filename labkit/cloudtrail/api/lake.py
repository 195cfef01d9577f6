"""The table of CloudTrail Lake's operations."""

from __future__ import annotations

from labkit.cloudtrail.api import (
    lake_channels,
    lake_dashboards,
    lake_imports,
    lake_queries,
    lake_stores,
)

OPERATIONS = {
    ("cloudtrail", name): operation
    for name, operation in {
        "CreateEventDataStore": lake_stores.create_event_data_store,
        "GetEventDataStore": lake_stores.get_event_data_store,
        "ListEventDataStores": lake_stores.list_event_data_stores,
        "UpdateEventDataStore": lake_stores.update_event_data_store,
        "DeleteEventDataStore": lake_stores.delete_event_data_store,
        "RestoreEventDataStore": lake_stores.restore_event_data_store,
        "StartEventDataStoreIngestion": lake_stores.start_event_data_store_ingestion,
        "StopEventDataStoreIngestion": lake_stores.stop_event_data_store_ingestion,
        "EnableFederation": lake_stores.enable_federation,
        "DisableFederation": lake_stores.disable_federation,
        "PutEventConfiguration": lake_stores.put_event_configuration,
        "GetEventConfiguration": lake_stores.get_event_configuration,
        "StartQuery": lake_queries.start_query,
        "DescribeQuery": lake_queries.describe_query,
        "GetQueryResults": lake_queries.get_query_results,
        "CancelQuery": lake_queries.cancel_query,
        "ListQueries": lake_queries.list_queries,
        "SearchSampleQueries": lake_queries.search_sample_queries,
        "StartImport": lake_imports.start_import,
        "GetImport": lake_imports.get_import,
        "StopImport": lake_imports.stop_import,
        "ListImports": lake_imports.list_imports,
        "ListImportFailures": lake_imports.list_import_failures,
        "CreateChannel": lake_channels.create_channel,
        "GetChannel": lake_channels.get_channel,
        "ListChannels": lake_channels.list_channels,
        "UpdateChannel": lake_channels.update_channel,
        "DeleteChannel": lake_channels.delete_channel,
        "PutResourcePolicy": lake_channels.put_resource_policy,
        "GetResourcePolicy": lake_channels.get_resource_policy,
        "DeleteResourcePolicy": lake_channels.delete_resource_policy,
        "CreateDashboard": lake_dashboards.create_dashboard,
        "GetDashboard": lake_dashboards.get_dashboard,
        "ListDashboards": lake_dashboards.list_dashboards,
        "UpdateDashboard": lake_dashboards.update_dashboard,
        "DeleteDashboard": lake_dashboards.delete_dashboard,
        "StartDashboardRefresh": lake_dashboards.start_dashboard_refresh,
    }.items()
}
