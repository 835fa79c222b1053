#!/usr/bin/env bash
# Waits for a deployment, and tells GitHub how it ended: outputs, an annotation with the reason, and the story as the job's
# summary. Ends with the exit code of `changeover wait` (docs/cli.md).
set -uo pipefail

# What is empty is not given.
[ -n "${CHANGEOVER_STACK:-}" ] || unset CHANGEOVER_STACK
arguments=(wait "$SERVICE" --until "$UNTIL" --timeout "$TIMEOUT" --output json)
[ -z "$DIGEST" ] || arguments+=(--digest "$DIGEST")
[ -z "$IMAGE_TAG" ] || arguments+=(--image-tag "$IMAGE_TAG")

errors="$(mktemp)"
trap 'rm -f "$errors"' EXIT
story="$(changeover "${arguments[@]}" 2>"$errors")"
code=$?

# A field of the document, which is written one field a line.
field() {
    sed -n "s/^  \"$1\": \"\(.*\)\",\{0,1\}$/\1/p" <<<"$story" | head -n 1 | sed 's/\\"/"/g; s/\\\\/\\/g'
}
# Commands to the runner are one line each.
escaped() { sed 's/%/%25/g; s/\r/%0D/g' <<<"$1"; }

outcome="$(field outcome)"
reason="$(field reason)"
deployment="$(field deployment)"
if [ -z "$reason" ] && [ "$code" -ne 0 ]; then
    reason="$(sed -n 's/^{"error":"\(.*\)","exit":[0-9]*}$/\1/p' "$errors" | head -n 1)"
    [ -n "$reason" ] || reason="changeover wait ended with $code"
fi

{
    echo "outcome=$outcome"
    echo "reason=$reason"
    echo "deployment=$deployment"
} >>"$GITHUB_OUTPUT"

{
    echo "### ${outcome:-Not over}: $SERVICE"
    [ -z "$reason" ] || printf '\n%s\n' "$reason"
    if [ -n "$deployment" ]; then
        printf '\n```\n'
        changeover show "$SERVICE" "$deployment" 2>&1
        printf '```\n'
    fi
} >>"$GITHUB_STEP_SUMMARY"

if [ "$code" -ne 0 ]; then
    echo "::error title=${outcome:-Not deployed}: $SERVICE::$(escaped "$reason")"
fi
exit "$code"
