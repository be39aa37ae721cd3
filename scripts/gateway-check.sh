#!/usr/bin/env bash
# Runs the built service behind a real nginx with deploy/nginx.conf, changed in its two addresses alone, and holds
# what comes through the gateway to what the service itself answers. Prints what nginx returned; ends at the first
# difference. Exit status 77: it cannot run here.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/need.sh
need nginx=nginx-light curl=curl ps=procps
nginx -V 2>&1 | grep -q http_slice_module || cannot 'this nginx has no slice module'
[ -e dist/src/cli.js ] || npm run --silent build

work=$(mktemp -d)
mkdir "$work/prefix"
# nginx started by root works as nobody.
chmod 755 "$work" "$work/prefix"
nginx='' service=''
finish() {
  kill $nginx $service 2> /dev/null || true
  wait
  rm -rf "$work"
}
trap finish EXIT

fail() {
  echo "FAILED: $*" >&2
  tail -n 5 "$work/service.log" "$work/nginx.log" >&2
  exit 1
}
same() { [ "$2" = "$3" ] || fail "$1: '$2' instead of '$3'"; }
field() { tr -d '\r' < "$work/$1.head" | sed -n "s/^$2: //Ip"; }

# get NAME URL [curl arguments]: an answer, head and body.
get() {
  local name=$1 url=$2
  shift 2
  curl -sS --globoff --max-time 60 -D "$work/$name.head" -o "$work/$name" "$@" "$url"
}
# both NAME STATUS CACHE PATH [curl arguments]: gateway and service give the same status, bytes and fields.
both() {
  local name=$1 status=$2 cache=$3 path=$4 header
  shift 4
  : > "$work/direct" > "$work/$name"
  get direct "$direct$path" -H 'X-Request-Id: check' "$@"
  get "$name" "$gateway$path" -H 'X-Request-Id: check' "$@"
  printf '  %-24s %s %s\n' "$name" "$(head -n 1 "$work/$name.head" | cut -d' ' -f2)" "$(field "$name" x-cache-status)"
  same "$name" "$(head -n 1 "$work/$name.head" | cut -d' ' -f2)" "$status"
  same "$name, cache" "$(field "$name" x-cache-status)" "$cache"
  cmp "$work/$name" "$work/direct" || fail "$name: other bytes"
  for header in etag content-length content-range content-type content-encoding cache-control vary allow x-request-id; do
    same "$name, $header" "$(field "$name" $header)" "$(field direct $header)"
  done
}

wait_for() {
  for _ in $(seq 100); do
    curl -sf -o /dev/null --max-time 2 "$1" && return
    sleep 0.1
  done
  fail "nothing answers at $1"
}
free_port() {
  node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'
}
serve() {
  HOST=127.0.0.1 PORT=$service_port POSENC_BASE_PATH=$1 POSENC_TRUSTED_PROXIES=127.0.0.1 \
    node dist/src/cli.js serve >> "$work/service.log" 2>&1 &
  service=$!
  wait_for "$direct$1/readyz"
}
stop() {
  kill -TERM "$service"
  local code=0
  wait "$service" || code=$?
  same 'exit status after SIGTERM' $code 0
}

service_port=$(free_port) gateway_port=$(free_port)
direct=http://127.0.0.1:$service_port gateway=http://127.0.0.1:$gateway_port
sed -e "s/server posenc:8080/server 127.0.0.1:$service_port/" -e "s/listen 8000/listen 127.0.0.1:$gateway_port/" \
  deploy/nginx.conf > "$work/nginx.conf"
nginx -p "$work/prefix/" -e stderr -c "$work/nginx.conf" -g 'daemon off;' > "$work/nginx.log" 2>&1 &
nginx=$!
echo "node $(node --version), $(nginx -v 2>&1)"

query='head_dim=128&length=65536'
border='1048000-1049999' # of two slices
for base in '' /posenc; do
  echo "base path '$base'"
  serve "$base"
  get encodings "$gateway$base/v1/encodings"
  revision=$(sed -E 's/^\{"revision":"([^"]+)".*/\1/' "$work/encodings")
  tables=$base/v1/tables
  pinned="$tables/rope.safetensors?$query&revision=$revision"
  small="$tables/rope.npy?head_dim=64&length=1000&tensors=cos&revision=$revision"

  both range 206 MISS "$pinned" -r $border
  both range-again 206 HIT "$pinned" -r $border
  both other-range-of-slice 206 HIT "$pinned" -r 8-999
  both wide-range 206 '' "$pinned" -r 8-33554439
  both open-range 206 '' "$pinned" -r 67108000-
  both two-ranges 200 '' "$pinned" -r 0-1,5-9
  both whole 200 MISS "$pinned"
  both small-whole 200 MISS "$small"
  both small-whole-again 200 HIT "$small"
  both digest 200 '' "$small&digest=sha-256" -r 0-9
  for again in '' -again; do both graphics-card$again 200 MISS "$small&backend=gpu" -r 0-999; done
  both zip 206 '' "$tables/rope.npz?$query&revision=$revision" -r $border
  both unpinned 206 '' "$tables/rope.safetensors?$query" -r $border
  get head "$gateway$pinned" --head
  for header in etag content-length accept-ranges; do same "head, $header" "$(field head $header)" "$(field whole $header)"; done

  etag=$(field small-whole etag)
  both not-modified 304 HIT "$small" -H "If-None-Match: $etag"
  both not-modified-whole 304 MISS "$pinned" -H "If-None-Match: $(field whole etag)"
  both if-range 206 '' "$small" -r 0-99 -H "If-Range: $etag"
  both if-range-of-another 200 '' "$small" -r 0-99 -H 'If-Range: "another"'
  both if-match-of-another 412 '' "$small" -H 'If-Match: "another"'

  for again in '' -again; do
    both json$again 200 '' "$tables/alibi-slopes?num_heads=32&revision=$revision"
    both gzip$again 200 '' "$tables/alibi-slopes.json?num_heads=32&revision=$revision" -H 'Accept-Encoding: gzip'
    both post$again 200 '' "$tables/rope.npy" -H 'Content-Type: application/json' -d '{"head_dim":64,"length":9,"tensors":["cos"]}'
    both unsatisfiable$again 416 MISS "$pinned" -r 99999990-99999999
    both wrong-parameter$again 422 MISS "$tables/rope.npy?head_dim=0&length=9&tensors=cos&revision=$revision"
    both other-revision$again 404 MISS "$tables/rope.npy?head_dim=64&length=9&tensors=cos&revision=none"
    both wrong-method$again 405 '' "$tables/rope.npy" -X DELETE
    both unknown-path$again 404 '' "$base/nowhere"
  done

  # What nginx refuses itself is a problem document too, and is not to be kept.
  get beyond "$gateway$small" -r 256500-256999
  get metrics "$gateway$base/metrics"
  head -c 4194305 /dev/zero > "$work/long"
  get long-body "$gateway$tables/rope.npy" -H 'Expect:' -H 'Content-Type: application/json' --data-binary "@$work/long"
  for pair in beyond=416 metrics=404 long-body=413; do
    grep -q "\"status\":${pair#*=}," "$work/${pair%=*}" || fail "${pair%=*} is no problem document"
    field "${pair%=*}" cache-control | grep -q no-store || fail "${pair%=*} may be kept"
  done
  [ "$base" = /posenc ] || stop
done

echo 'addresses of clients'
# forwarded WANTED URL ADDRESS: the address in the service's log, of a client that claims another.
forwarded() {
  get forwarded "$2/posenc/livez" --interface "$3" -H 'X-Forwarded-For: 203.0.113.9' -H "X-Request-Id: from-$1"
  # The log is written some time after the answer.
  for _ in $(seq 50); do
    grep "\"from-$1\"" "$work/service.log" | grep -q "\"client\":\"$1\"" && return
    sleep 0.1
  done
  fail "the service does not see $1"
}
forwarded 127.0.0.2 "$gateway" 127.0.0.2
forwarded 127.0.0.3 "$direct" 127.0.0.3

echo 'memory and disk have a bound'
large="/posenc/v1/tables/rope.bin?head_dim=128&length=2097152&tensors=cos&revision=$revision"
same '1 GiB' "$(curl -sS "$gateway$large" | wc -c)" 1073741824
for slice in $(seq 0 299); do
  [ $slice = 0 ] || echo next
  printf 'url = "%s"\nrange = "%d-%d"\noutput = "/dev/null"\n' "$gateway$large" $((slice * 3500000)) $((slice * 3500000 + 9))
done | curl -sS -K -
used_mib=$(du -sm "$work/prefix" | cut -f1)
rss_mib=$(($(ps -o rss= --ppid $nginx | sort -n | tail -n 1) / 1024))
echo "  nginx has written $used_mib MiB and its largest worker holds $rss_mib MiB"
[ "$used_mib" -le 256 ] || fail 'more than the tmpfs of docker-compose.yml'
[ "$rss_mib" -le 64 ] || fail 'memory grows with a download'

echo 'without the service'
get kept "$gateway$large" -r 1046500000-1046500009
stop
get kept-still "$gateway$large" -r 1046500000-1046500009
same 'kept' "$(field kept-still x-cache-status)" HIT
cmp "$work/kept" "$work/kept-still" || fail 'other bytes'
get unavailable "$gateway/posenc/v1/limits"
grep -q '"status":503,' "$work/unavailable" && [ "$(field unavailable retry-after)" = 1 ] || fail 'no 503'
! grep -E '\[(warn|crit|alert|emerg)\]' "$work/nginx.log" || fail 'nginx warns'
echo 'the gateway holds'
