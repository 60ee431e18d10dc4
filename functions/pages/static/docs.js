// The reference is rendered from this server's description; nothing is requested from other servers.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#reference",
  validatorUrl: null,
  deepLinking: false,
  defaultModelsExpandDepth: -1,
  docExpansion: "list",
});
