#!/bin/bash
# Exit 0 if model $1 serves on REST port $2 (8501 by default).
#
# /metadata answers 200 only once a version serves; without it the path answers 200 while one still loads.
# bash's /dev/tcp because the official image has neither curl nor wget; REST and not gRPC because
# nothing in the image speaks gRPC, and because the check then needs none of the gRPC threads under load.
set -eu
exec 3<>"/dev/tcp/127.0.0.1/${2:-8501}"
# The program and not the builtin: that sends a packet for each line.
/usr/bin/printf 'GET /v1/models/%s/metadata HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$1" >&3
read -r -t 3 _ status _ <&3
[[ $status == 200 ]]
