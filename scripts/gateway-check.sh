#!/usr/bin/env bash
# Runs the built service behind a real nginx with deploy/nginx.conf as it stands, and holds what comes through the
# gateway to what the service answers itself. Both live in a network namespace of their own, so that the ports and
# the host name of the configuration need no change. Prints what nginx returned; fails at the first mismatch.
#
#   GATEWAY_CHECK_OPTIONAL=1   where the check cannot run, say so and succeed
#
# Needs Linux, nginx with the slice module, curl, iproute2, util-linux; as root on Debian it installs what is missing.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
me=$root/scripts/gateway-check.sh

cannot() {
  echo "GATEWAY CHECK DID NOT RUN: $*" >&2
  [ "${GATEWAY_CHECK_OPTIONAL:-}" = 1 ] && exit 0
  exit 1
}

prepare() {
  local missing=() pair
  for pair in nginx=nginx-light curl=curl ip=iproute2 unshare=util-linux setpriv=util-linux node=nodejs; do
    PATH=$PATH:/usr/sbin command -v "${pair%%=*}" > /dev/null || missing+=("${pair#*=}")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null || cannot "missing: ${missing[*]}"
    echo "installing ${missing[*]}"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } \
      > /dev/null 2>&1 || cannot "apt-get could not install ${missing[*]}"
  fi
  export PATH=$PATH:/usr/sbin
  nginx -V 2>&1 | grep -q -- --with-http_slice_module || cannot "this nginx has no slice module"
  [ -e "$root/dist/src/cli.js" ] || (cd "$root" && npm run --silent build)
  local as=()
  [ "$(id -u)" = 0 ] || as=(--map-root-user)
  unshare "${as[@]}" --net --mount true 2> /dev/null || cannot "no network namespace may be made here"
  exec unshare "${as[@]}" --net --mount bash "$me" inside "$(id -u)"
}
[ "${1:-}" = inside ] || prepare

# ---- inside the namespaces ------------------------------------------------------------------------------------
work=$(mktemp -d)
chmod 755 "$work"
started=()
# Ends what was started here, by its id, and nothing else.
finish() {
  local pid
  for pid in "${started[@]}"; do kill "$pid" 2> /dev/null || true; done
  for pid in "${started[@]}"; do wait "$pid" 2> /dev/null || true; done
  rm -rf "$work"
}
trap finish EXIT

ip link set lo up
printf '127.0.0.1 localhost posenc\n' > "$work/hosts"
mount --bind "$work/hosts" /etc/hosts

service=http://127.0.0.1:8080
gateway=http://127.0.0.1:8000
checks=0

fail() {
  echo "  FAILED: $*" >&2
  for log in service nginx; do
    echo "--- the end of $log.log" >&2
    tail -n 15 "$work/$log.log" >&2 || true
  done
  exit 1
}
# same WHAT A B: two texts are equal.
same() {
  [ "$2" = "$3" ] || fail "$1: '$2' is not '$3'"
  checks=$((checks + 1))
}
# bytes WHAT A B: two bodies are equal.
bytes() {
  cmp "$work/$2.body" "$work/$3.body" || fail "$1: the bytes differ"
  checks=$((checks + 1))
}
# get NAME URL [curl arguments]: keeps head and body under NAME, prints what matters of the answer.
get() {
  local name=$1 url=$2
  shift 2
  : > "$work/$name.body"
  curl --silent --show-error --globoff --max-time 60 --dump-header "$work/$name.head" --output "$work/$name.body" "$@" "$url" \
    || fail "$name: curl exited $?"
  tr -d '\r' < "$work/$name.head" > "$work/$name.fields"
  [[ $url == "$service"* ]] || printf '  %-22s %s  %-8s %9d bytes\n' "$name" "$(status "$name")" \
    "$(field "$name" x-cache-status || true)" "$(stat -c %s "$work/$name.body")"
}
status() { awk '/^HTTP/ { code = $2 } END { print code }' "$work/$1.fields"; }
# field NAME HEADER: the value of a header, empty where there is none.
field() { awk -v want="$2" -F': ' 'tolower($1) == want { sub(/^[^:]*: /, ""); print }' "$work/$1.fields"; }
fields_same() {
  local a=$1 b=$2 header
  shift 2
  for header in "$@"; do same "$a, $header" "$(field "$a" "$header")" "$(field "$b" "$header")"; done
}
answers() {
  local attempt
  for attempt in $(seq 100); do
    curl --silent --fail --output /dev/null --max-time 2 "$1" && return
    sleep 0.1
  done
  fail "nothing answers at $1"
}

echo "service: node $(node --version), $(nginx -v 2>&1 | sed 's/.*: //')"
HOST=127.0.0.1 PORT=8080 LOG_LEVEL=info POSENC_TRUSTED_PROXIES=127.0.0.0/8 \
  node "$root/dist/src/cli.js" serve > "$work/service.log" 2>&1 &
started+=($!)
service_pid=$!
answers "$service/readyz"

# nginx as in the container: not root, no capability, nothing to write to but its prefix.
mkdir "$work/prefix"
cp "$root/deploy/nginx.conf" "$work/nginx.conf"
touch "$work/nginx.log"
drop=()
if [ "${2:-}" = 0 ]; then
  chmod 644 "$work/nginx.conf"
  chown 65534:65534 "$work/prefix" "$work/nginx.log"
  drop=(setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs --bounding-set=-all)
fi
run_nginx=("${drop[@]}" nginx -p "$work/prefix/" -e stderr -c "$work/nginx.conf")
"${run_nginx[@]}" -t 2> "$work/test.log" || { cat "$work/test.log" >&2; fail "nginx -t"; }
! grep -E 'warn|emerg' "$work/test.log" || fail "nginx -t warns"
echo "nginx -t: $(tail -n 1 "$work/test.log")"
"${run_nginx[@]}" -g 'daemon off;' >> "$work/nginx.log" 2>&1 &
started+=($!)
answers "$gateway/readyz"

get encodings "$gateway/v1/encodings"
revision=$(node -p 'JSON.parse(require("node:fs").readFileSync(0, "utf8")).revision' < "$work/encodings.body")
[ -n "$revision" ] || fail "no revision in /v1/encodings"
same "documents are kept" MISS "$(field encodings x-cache-status)"
get encodings-again "$gateway/v1/encodings"
same "documents are kept" HIT "$(field encodings-again x-cache-status)"
bytes "documents" encodings encodings-again

# 64 MiB of data: 65 slices.
query="head_dim=128&rope_theta=500000&length=65536&tensors=cos,sin"
table="/v1/tables/rope.safetensors?$query&revision=$revision"

echo "A range over the border of two slices"
range="1048000-1049999"
get range-direct "$service$table" --range $range
get range-first "$gateway$table" --range $range
get range-again "$gateway$table" --range $range
same "first range" MISS "$(field range-first x-cache-status)"
same "second range" HIT "$(field range-again x-cache-status)"
for name in range-first range-again; do
  same "$name" 206 "$(status $name)"
  bytes "$name" range-direct $name
  fields_same range-direct $name etag content-range content-length content-type cache-control
done
same "slices kept" 2 "$(grep -rlaE '^KEY: .*safetensors.*bytes=' "$work/prefix/cache" | wc -l)"
same "no stale timing" "" "$(field range-again server-timing)"
get range-end "$gateway$table" --range -16
get range-end-direct "$service$table" --range -16
bytes "the last 16 bytes" range-end range-end-direct

echo "The whole file"
get whole-direct "$service$table"
get whole-first "$gateway$table"
get whole-again "$gateway$table"
same "whole, again" HIT "$(field whole-again x-cache-status)"
for name in whole-first whole-again; do
  same "$name" 200 "$(status $name)"
  same "$name, SHA-256" "$(sha256sum < "$work/whole-direct.body")" "$(sha256sum < "$work/$name.body")"
  fields_same whole-direct $name etag content-length content-type cache-control content-disposition accept-ranges
done
echo "  sha256 $(sha256sum < "$work/whole-again.body" | cut -c1-64)"

echo "Conditions and methods"
etag=$(field whole-direct etag)
get not-modified "$gateway$table" --header "If-None-Match: $etag"
same "If-None-Match" 304 "$(status not-modified)"
same "If-None-Match, body" 0 "$(stat -c %s "$work/not-modified.body")"
same "If-None-Match, ETag" "$etag" "$(field not-modified etag)"
get if-range "$gateway$table" --range 0-99 --header "If-Range: $etag"
same "If-Range" 206 "$(status if-range)"
get if-range-other "$gateway$table" --range 0-99 --header 'If-Range: "another"'
same "If-Range of another" 200 "$(status if-range-other)"
get two-ranges "$gateway$table" --range 0-1,5-9
same "two ranges" 200 "$(status two-ranges)"
get head "$gateway$table" --head
same "HEAD" 200 "$(status head)"
fields_same whole-direct head etag content-length accept-ranges
for name in if-match unsatisfiable; do
  case $name in
    if-match) arguments=(--header 'If-Match: "another"') code=412 ;;
    unsatisfiable) arguments=(--range 99999999999-) code=416 ;;
  esac
  get $name "$gateway$table" "${arguments[@]}" --header 'X-Request-Id: one'
  get $name-direct "$service$table" "${arguments[@]}" --header 'X-Request-Id: one'
  same $name $code "$(status $name)"
  same $name application/problem+json "$(field $name content-type | cut -d';' -f1)"
  fields_same $name $name-direct content-type content-range x-request-id
  bytes $name $name $name-direct
done

echo "Without a revision nothing binary is kept, and a range is computed alone"
for attempt in 1 2; do
  get loose-$attempt "$gateway/v1/tables/rope.safetensors?$query" --range $range
  same "loose" 206 "$(status loose-$attempt)"
  same "loose" "" "$(field loose-$attempt x-cache-status)"
  bytes "loose" loose-$attempt range-direct
done
get negotiated "$gateway/v1/tables/rope?$query&revision=$revision" --range $range --header 'Accept: application/vnd.safetensors'
same "negotiated" 206 "$(status negotiated)"
bytes "negotiated" negotiated range-direct
get digest "$gateway$table&digest=sha-256"
same "digest" 200 "$(status digest)"
same "digest" "$(sha256sum < "$work/whole-again.body" | cut -c1-64)" \
  "$(node -p 'JSON.parse(require("node:fs").readFileSync(0, "utf8"))["sha-256"]' < "$work/digest.body")"

echo "JSON, CSV, POST"
small="/v1/tables/alibi-slopes.json?num_heads=32&revision=$revision"
get json-direct "$service$small"
get json-first "$gateway$small"
get json-again "$gateway$small"
same "JSON, again" HIT "$(field json-again x-cache-status)"
for name in json-first json-again; do
  bytes $name json-direct $name
  fields_same json-direct $name etag content-type cache-control vary
done
get gzip-first "$gateway$small" --header 'Accept-Encoding: gzip'
get gzip-again "$gateway$small" --header 'Accept-Encoding: gzip'
same "gzip is a variant of its own" HIT "$(field gzip-again x-cache-status)"
same "gzip" gzip "$(field gzip-again content-encoding)"
same "gzip inflates to the JSON" "$(sha256sum < "$work/json-direct.body")" "$(gunzip < "$work/gzip-again.body" | sha256sum)"
[ "$(field gzip-again etag)" != "$(field json-again etag)" ] || fail "gzip has the ETag of the plain JSON"
get json-not-modified "$gateway$small" --header "If-None-Match: $(field json-direct etag)"
same "JSON, If-None-Match" 304 "$(status json-not-modified)"
get csv "$gateway/v1/tables/alibi-slopes.csv?num_heads=32"
get csv-direct "$service/v1/tables/alibi-slopes.csv?num_heads=32"
bytes "CSV" csv csv-direct
post=(--header 'Content-Type: application/json' --data '{"num_heads":32}')
get post "$gateway/v1/tables/alibi-slopes.npy?revision=$revision" "${post[@]}"
get post-direct "$service/v1/tables/alibi-slopes.npy?revision=$revision" "${post[@]}"
same "POST" 200 "$(status post)"
same "POST is not kept" "" "$(field post x-cache-status)"
bytes "POST" post post-direct
fields_same post-direct post etag content-length accept-ranges

echo "Refusals are the service's own, byte by byte"
wide=$(printf 'a%.0s' $(seq 17000))
head -c 4500000 /dev/zero | tr '\0' ' ' > "$work/long"
refuse() {
  local name=$1 code=$2 path=$3
  shift 3
  get "$name" "$gateway$path" --header 'X-Request-Id: same-one' "$@"
  get "$name-direct" "$service$path" --header 'X-Request-Id: same-one' "$@"
  same "$name" "$code" "$(status "$name")"
  same "$name" application/problem+json "$(field "$name" content-type | cut -d';' -f1)"
  fields_same "$name-direct" "$name" content-type cache-control x-request-id allow
  bytes "$name" "$name" "$name-direct"
}
refuse wrong-parameter 422 "/v1/tables/rope.npy?head_dim=127&length=16&tensors=cos&revision=$revision"
refuse too-large 422 "/v1/tables/rope.npy?head_dim=128&length=9007199254740991&tensors=cos&revision=$revision"
refuse other-revision 404 "/v1/tables/rope.npy?head_dim=128&length=16&tensors=cos&revision=none"
refuse unknown-path 404 /nowhere
refuse wrong-method 405 /v1/tables/rope.npy --request DELETE
refuse not-acceptable 406 '/v1/tables/alibi-slopes?num_heads=8' --header 'Accept: image/png'
refuse long-url 414 "/v1/tables/rope.npy?positions=$wide"
refuse long-body 413 /v1/tables/rope.npy --header 'Content-Type: application/json' --header 'Expect:' --data-binary "@$work/long"

echo "Ids, and what the gateway itself answers"
get unsafe-id "$gateway/nowhere" --header 'X-Request-Id: <b>'
id=$(field unsafe-id x-request-id)
[[ $id =~ ^[0-9a-f]{32}$ ]] || fail "an unsafe request id was not replaced: '$id'"
grep -q "\"request_id\":\"$id\"" "$work/unsafe-id.body" || fail "the problem names another id"
get metrics "$gateway/metrics"
same "metrics" 404 "$(status metrics)"
head -c 6000000 /dev/zero > "$work/long"
get longer-body "$gateway/v1/tables/rope.npy" --header 'Content-Type: application/json' --header 'Expect:' --data-binary "@$work/long"
same "body over the gateway's limit" 413 "$(status longer-body)"

kill -TERM "$service_pid"
wait "$service_pid" && code=0 || code=$?
same "the service's exit code after SIGTERM" 0 "$code"
get kept "$gateway$table" --range $range
same "kept without the service" HIT "$(field kept x-cache-status)"
bytes "kept without the service" kept range-direct
get unavailable "$gateway/v1/tables/alibi-slopes.npy?num_heads=7"
same "without the service" 503 "$(status unavailable)"
for name in metrics longer-body unavailable; do
  same "$name" application/problem+json "$(field $name content-type)"
  node -e 'JSON.parse(require("node:fs").readFileSync(0, "utf8"))' < "$work/$name.body" || fail "$name is no JSON"
done
! grep -E '\[(warn|crit|alert|emerg)\]' "$work/nginx.log" || fail "nginx warned"
echo "gateway: $checks comparisons hold"
