"""Seams of CodeBuild: projects are moto's, with AWS's defaults; builds are labkit's.

moto lets every build succeed at the moment somebody looks at it.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from labkit.backing.moto_seams import listener, mounted, seam


@seam("moto.codebuild.responses")
def _hook_validation(module: ModuleType) -> None:
    check = module._validate_required_params_source

    def validate(source: dict[str, Any]) -> None:
        if mounted() is not None and source.get("type") in ("NO_SOURCE", "CODEPIPELINE"):
            return  # these have no location
        check(source)

    module._validate_required_params_source = validate  # type: ignore[attr-defined]


@seam("moto.codebuild.models")
def _hook_projects(module: ModuleType) -> None:
    backend = module.CodeBuildBackend
    create, delete = backend.create_project, backend.delete_project

    def create_project(self: Any, *args: Any, **kwargs: Any) -> Any:
        metadata = create(self, *args, **kwargs)
        codebuild = listener("codebuild")
        if codebuild is not None:
            codebuild.created(metadata)
        return metadata

    def delete_project(self: Any, project_name: str) -> None:
        delete(self, project_name.rpartition("/")[2])

    backend.create_project, backend.delete_project = create_project, delete_project
