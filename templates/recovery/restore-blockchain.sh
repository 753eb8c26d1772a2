#!/bin/bash
# usage: restore-blockchain.sh SCRIPTS NAME SOURCES; as root: restores the state of the blockchain on this host.
# stdout: what of it does not fit; stderr: all that it says. exit status: that of restore-blockchain.sh of the backup system
set -u
"$1/restore-blockchain.sh" "$2" --sources "$3" 2>&1 | tee >(cat >&2) | sed -n 's/^[^]]*] warn[a-z]*: //p'
exit "${PIPESTATUS[0]}"
