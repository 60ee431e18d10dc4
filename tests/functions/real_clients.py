"""Headers that clients send by default, in their current versions, as their sources and documentation have them."""

BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW"

AXIOS = {
    "Accept": "application/json, text/plain, */*",
    "User-Agent": "axios/1.7.9",
    "Accept-Encoding": "gzip, compress, deflate, br",
    "Connection": "keep-alive",
}
NODE_FETCH = {
    "accept": "*/*",
    "accept-language": "*",
    "sec-fetch-mode": "cors",
    "user-agent": "node",
    "accept-encoding": "gzip, deflate",
    "connection": "keep-alive",
}
REQUESTS = {
    "User-Agent": "python-requests/2.32.3",
    "Accept-Encoding": "gzip, deflate",
    "Accept": "*/*",
    "Connection": "keep-alive",
}
AIOHTTP = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate", "User-Agent": "Python/3.12 aiohttp/3.11.11"}
URLLIB = {"Accept-Encoding": "identity", "User-Agent": "Python-urllib/3.12", "Connection": "close"}
HTTPIE = {
    "User-Agent": "HTTPie/3.2.4",
    "Accept-Encoding": "gzip, deflate",
    "Accept": "*/*",
    "Connection": "keep-alive",
}
HTTPIE_JSON = {**HTTPIE, "Accept": "application/json, */*;q=0.5"}
CURL = {"User-Agent": "curl/8.11.1", "Accept": "*/*"}
WGET = {"User-Agent": "Wget/1.25.0", "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "Keep-Alive"}
POSTMAN = {
    "User-Agent": "PostmanRuntime/7.43.0",
    "Accept": "*/*",
    "Cache-Control": "no-cache",
    "Postman-Token": "2f6a5d4c-9d0e-4a4e-8f4e-1f3d9d4f7a10",
    "Accept-Encoding": "gzip, deflate, br",
    "Connection": "keep-alive",
}
INSOMNIA = {"User-Agent": "insomnia/10.3.0", "Accept": "*/*"}
OKHTTP = {"Connection": "Keep-Alive", "Accept-Encoding": "gzip", "User-Agent": "okhttp/4.12.0"}
JAVA = {
    "Connection": "Upgrade, HTTP2-Settings",
    "HTTP2-Settings": "AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
    "Upgrade": "h2c",
    "User-Agent": "Java-http-client/21.0.5",
}
JAVA_OLD = {
    "User-Agent": "Java/1.8.0_432",
    "Accept": "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
    "Connection": "keep-alive",
}
GO = {"User-Agent": "Go-http-client/1.1", "Accept-Encoding": "gzip"}
DOTNET = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"}
RUBY = {"Accept-Encoding": "gzip;q=1.0,deflate;q=0.6,identity;q=0.3", "Accept": "*/*", "User-Agent": "Ruby"}
PHP = {"User-Agent": "GuzzleHttp/7"}
RUST = {"accept": "*/*"}
DART = {"user-agent": "Dart/3.6 (dart:io)", "accept-encoding": "gzip"}
SWIFT = {
    "Accept": "*/*",
    "User-Agent": "App/1 CFNetwork/1568.300.101 Darwin/24.2.0",
    "Accept-Language": "en-US,en;q=0.9",
    "Accept-Encoding": "gzip, deflate",
    "Connection": "keep-alive",
}
POWERSHELL = {"User-Agent": "Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.22621.4391"}
JQUERY = {"Accept": "application/json, text/javascript, */*; q=0.01", "X-Requested-With": "XMLHttpRequest"}
CHROMIUM = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 "
    "Safari/537.36",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "en-US,en;q=0.9",
}
PAGE_FETCH = {**CHROMIUM, "Accept": "*/*", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors",
              "Sec-Fetch-Dest": "empty"}  # fmt: skip
FORM_SENT = {
    **CHROMIUM,
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
    "Upgrade-Insecure-Requests": "1",
}
NEIGHBOUR = {**PAGE_FETCH, "Sec-Fetch-Site": "same-site", "Origin": "http://localhost:5173",
             "Referer": "http://localhost:5173/"}  # fmt: skip
IMG_CHROMIUM = {**CHROMIUM, "Accept": "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"}
IMG_FIREFOX = {"Accept": "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"}
IMG_SAFARI = {
    "Accept": "image/webp,image/avif,image/jxl,image/heic,image/heic-sequence,video/*;q=0.8,image/png,image/svg+xml,"
    "image/*;q=0.8,*/*;q=0.5"
}
