#!/bin/bash
# Ceph's monitor, one disk and the gateway, in the foreground of this process: the first of a namespace of its own, in
# the root file system made by root.sh. When it ends, all ends; when one of them ends, it does. Data: /data.
# usage: inside.sh PORT ACCESS_KEY SECRET_KEY [DAY_SECONDS]     PORT and the three after it; keys: PORT + 3 is server.ts's
set -euo pipefail
PORT=$1 ACCESS_KEY=$2 SECRET_KEY=$3 DAY_SECONDS=${4-}
D=/data
export CEPH_CONF=$D/ceph.conf

main() {
  trap stop TERM INT
  # Half made by a run that was broken off: it is made anew.
  [ -e "$D/made" ] || make
  configure
  start
  [ -e "$D/user.json" ] || make_user
  printf 'ready\n'
  wait -n "${PIDS[@]}" || true
  printf 'inside.sh: one of the three ended by itself\n' >&2
  return 1
}

configure() {
  cat >"$CEPH_CONF" <<CONF
[global]
fsid = $(<"$D/fsid")
mon_host = [v2:127.0.0.1:$((PORT + 1))/0,v1:127.0.0.1:$((PORT + 2))/0]
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_ipv6 = false
keyring = $D/keyring
auth_allow_insecure_global_id_reclaim = false
run_dir = /run
admin_socket = /run/\$name.asok
log_file = $D/log/\$name.log
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
osd_crush_initial_weight = 1
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 2000
mon_data_avail_crit = 1
mon_data_avail_warn = 2
[mon]
mon_data = $D/mon
paxos_propose_interval = 0.05
paxos_min_wait = 0.01
mon_osd_min_up_ratio = 0
[osd]
osd_data = $D/osd
osd_objectstore = bluestore
bluestore_block_size = 21474836480
bluestore_block_wal_size = 0
bluestore_fsck_on_mount = false
osd_memory_target = 939524096
osd_class_load_list = *
osd_class_default_list = *
[client.rgw]
rgw_frontends = beast endpoint=127.0.0.1:$PORT
rgw_data = $D/rgw
rgw_enable_usage_log = false
rgw_thread_pool_size = 32
rgw_gc_processor_period = 60
rgw_crypt_require_ssl = false
rgw_crypt_sse_s3_backend = vault
rgw_crypt_sse_s3_vault_auth = token
rgw_crypt_sse_s3_vault_token_file = $D/vault.token
rgw_crypt_sse_s3_vault_addr = http://127.0.0.1:$((PORT + 3))
rgw_crypt_sse_s3_vault_secret_engine = transit
rgw_crypt_sse_s3_vault_prefix = /v1/transit
rgw_crypt_sse_s3_vault_verify_ssl = false
${DAY_SECONDS:+rgw_lc_debug_interval = $DAY_SECONDS}
CONF
}

# Keys, an empty monitor and an empty disk.
make() {
  local uuid
  find "$D" -mindepth 1 -delete
  mkdir -p "$D"/{mon,osd,rgw,log}
  cat /proc/sys/kernel/random/uuid >"$D/fsid"
  (umask 077 && printf tests-only >"$D/vault.token")
  configure
  make_keys
  monmaptool --create --fsid "$(<"$D/fsid")" --addv a "[v2:127.0.0.1:$((PORT + 1)),v1:127.0.0.1:$((PORT + 2))]" "$D/monmap" >/dev/null
  ceph-mon --mkfs -i a --monmap "$D/monmap" --keyring "$D/keyring"
  start_one ceph-mon -i a -f
  uuid=$(</proc/sys/kernel/random/uuid)
  timeout 30 ceph osd new "$uuid" 0 >/dev/null
  ceph-osd -i 0 --mkfs --osd-uuid "$uuid" >"$D/log/mkfs.out" 2>&1
  end_all
  : >"$D/made"
}

make_keys() {
  ceph-authtool --create-keyring "$D/keyring" --gen-key -n mon. --cap mon 'allow *' >/dev/null
  ceph-authtool "$D/keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *' >/dev/null
  ceph-authtool "$D/keyring" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *' --cap mgr 'allow profile osd' >/dev/null
  ceph-authtool "$D/keyring" --gen-key -n client.rgw --cap mon 'allow rw' --cap osd 'allow rwx' >/dev/null
}

PIDS=()
# usage: start_one PROGRAM ARGUMENT...
start_one() {
  "$@" >>"$D/log/out" 2>&1 &
  PIDS+=($!)
}

start() {
  start_one ceph-mon -i a -f
  start_one ceph-osd -i 0 -f
  start_one radosgw -n client.rgw -f
  until (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; do
    kill -0 "${PIDS[@]}" || exit 1
    sleep 0.1
  done
}

make_user() {
  radosgw-admin -n client.rgw user create --uid=test --display-name=test \
    --access-key="$ACCESS_KEY" --secret-key="$SECRET_KEY" >"$D/.user.json"
  mv "$D/.user.json" "$D/user.json"
}

stop() {
  trap '' TERM INT
  end_all
  exit 0
}

# The gateway takes half a minute to end by itself, and has nothing to lose.
end_all() {
  local pid
  [ ${#PIDS[@]} -lt 3 ] || kill -KILL "${PIDS[2]}" 2>/dev/null || true
  for pid in "${PIDS[1]-}" "${PIDS[0]-}"; do
    [ -z "$pid" ] || { kill -TERM "$pid" 2>/dev/null && wait "$pid"; } || true
  done
  PIDS=()
}

main
