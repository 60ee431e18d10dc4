// The reference is drawn from our own description; nothing is asked of another server.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#reference",
  validatorUrl: null,
  deepLinking: false,
  defaultModelsExpandDepth: -1,
  docExpansion: "list",
});
