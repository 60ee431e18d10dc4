// The reference is rendered from this server's description; nothing is requested from other servers.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#reference",
  validatorUrl: null,
  deepLinking: false,
  defaultModelsExpandDepth: -1,
  docExpansion: "list",
});
