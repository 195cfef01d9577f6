"""Athena's API operations, by botocore's service name and the wire name."""

from __future__ import annotations

from labkit.athena.api import catalog, queries, saved, workgroups

#: Athena's code for a parameter that breaks a constraint of the model.
VALIDATION_CODE = "InvalidRequestException"

OPERATIONS = {
    ("athena", name): operation
    for name, operation in {
        "StartQueryExecution": queries.start_query_execution,
        "GetQueryExecution": queries.get_query_execution,
        "BatchGetQueryExecution": queries.batch_get_query_execution,
        "GetQueryResults": queries.get_query_results,
        "GetQueryRuntimeStatistics": queries.get_query_runtime_statistics,
        "StopQueryExecution": queries.stop_query_execution,
        "ListQueryExecutions": queries.list_query_executions,
        "CreateWorkGroup": workgroups.create_work_group,
        "GetWorkGroup": workgroups.get_work_group,
        "ListWorkGroups": workgroups.list_work_groups,
        "UpdateWorkGroup": workgroups.update_work_group,
        "DeleteWorkGroup": workgroups.delete_work_group,
        "ListEngineVersions": workgroups.list_engine_versions,
        "TagResource": workgroups.tag_resource,
        "UntagResource": workgroups.untag_resource,
        "ListTagsForResource": workgroups.list_tags_for_resource,
        "CreateNamedQuery": saved.create_named_query,
        "GetNamedQuery": saved.get_named_query,
        "BatchGetNamedQuery": saved.batch_get_named_query,
        "ListNamedQueries": saved.list_named_queries,
        "UpdateNamedQuery": saved.update_named_query,
        "DeleteNamedQuery": saved.delete_named_query,
        "CreatePreparedStatement": saved.create_prepared_statement,
        "GetPreparedStatement": saved.get_prepared_statement,
        "BatchGetPreparedStatement": saved.batch_get_prepared_statement,
        "ListPreparedStatements": saved.list_prepared_statements,
        "UpdatePreparedStatement": saved.update_prepared_statement,
        "DeletePreparedStatement": saved.delete_prepared_statement,
        "GetDataCatalog": catalog.get_data_catalog,
        "ListDataCatalogs": catalog.list_data_catalogs,
        "GetDatabase": catalog.get_database,
        "ListDatabases": catalog.list_databases,
        "GetTableMetadata": catalog.get_table_metadata,
        "ListTableMetadata": catalog.list_table_metadata,
    }.items()
}
