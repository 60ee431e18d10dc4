"""The API as OpenAPI 3.1, derived from the registry, the formats and the options: nothing is written twice."""
