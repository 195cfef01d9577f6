"""The services that labkit does not build itself, mounted from moto. Only this folder touches moto's insides."""
