#!/bin/sh
# aztray's small az: it answers "account get-access-token" from the tokens that aztray delivers,
# for SDKs in an image that has no Azure CLI. It needs a POSIX shell and nothing else.

# A real az that came later is always the better one.
search() {
	IFS=:
	for dir in $PATH; do
		[ -f "$dir/az" ] && [ -x "$dir/az" ] || continue
		{ read -r line; line=; read -r line; } <"$dir/az" 2>/dev/null
		case $line in "# aztray's small az"*) continue ;; esac
		real=$dir/az
		break
	done
	unset IFS
}
real=
[ '@ALONE@' = yes ] || search
[ -z "$real" ] || exec "$real" "$@"

fail() {
	printf 'ERROR: %s\n' "$2" >&2
	exit "$1"
}
# refuse says why there is no token, and what cures that on the host. It never says "az login": where these words
# stand on standard error, SDKs for JavaScript and Python show a sentence of their own in place of all of it.
refuse() { fail 1 "$1. On the host, $2"; }

# Words first, options after; what this az can't do is refused, not guessed.
words= resource=https://management.core.windows.net/ tenant= output=json query= subscription=
while [ $# -gt 0 ]; do
	name=$1
	case $name in
	--*=*) value=${name#*=} name=${name%%=*} ;;
	--only-show-errors | --verbose | --debug) shift; continue ;;
	--version | -v) words=" version"; shift; continue ;;
	-*)
		[ $# -ge 2 ] || fail 2 "argument $name: expected one argument"
		value=$2
		shift
		;;
	*) words="$words $name"; shift; continue ;;
	esac
	shift
	case $name in
	--resource | --scope | --scopes) resource=$value ;;
	--tenant | -t) tenant=$value ;;
	--subscription | -s | --name | -n) subscription=$value ;;
	--output | -o) output=$value ;;
	--query) query=$value ;;
	--resource-type) fail 2 "this az, from aztray, knows --resource and --scope, not --resource-type" ;;
	*) fail 2 "unrecognized arguments: $name" ;;
	esac
done
case $output in json | jsonc | tsv | none) ;; *) fail 2 "this az, from aztray, prints json and tsv, not $output" ;; esac

# field KEY VALUE [raw] adds to the answer, or is the answer if the query asks for it.
out= picked= found=
field() {
	case $query in "$1" | "[$1]" | "{$1:$1}") picked=$2 found=y raw=$3 ;; esac
	if [ -n "$3" ]; then item="  \"$1\": $2"; else item="  \"$1\": \"$2\""; fi
	out="$out${out:+,
}$item"
	tsv="$tsv${tsv:+	}$2"
}
tsv=
answer() {
	case $output in none) exit 0 ;; esac
	if [ -n "$query" ]; then
		[ -n "$found" ] || fail 2 "this az, from aztray, knows --query with the name of one field, not $query"
		case $output in
		tsv) printf '%s\n' "$picked" ;;
		*) if [ -n "$raw" ]; then printf '%s\n' "$picked"; else printf '"%s"\n' "$picked"; fi ;;
		esac
	elif [ "$output" = tsv ]; then
		printf '%s\n' "$tsv"
	else
		printf '{\n%s\n}\n' "$out"
	fi
	exit 0
}

case $words in
" version")
	field azure-cli 2.54.0
	field azure-cli-core 2.54.0
	field by aztray
	answer
	;;
" account show" | " account get-access-token") ;;
"") fail 2 "this az, from aztray, knows account get-access-token, account show and version" ;;
*) fail 2 "'${words# }' is not in this az, which comes from aztray: it knows account get-access-token, account show and version; install the Azure CLI for more" ;;
esac

# The delivered file: where this user's az would look, else where aztray put it.
file=
for dir in "$AZURE_CONFIG_DIR" "${HOME%/}/.azure" '@PLACE@'; do
	if [ -n "$dir" ] && [ -r "$dir/.aztray.tokens" ]; then
		file=$dir/.aztray.tokens
		break
	fi
done
[ -n "$file" ] || refuse "aztray has delivered nothing that this user can read" "see why: aztray doctor"

norm() { # a resource or scope to the resource's bare name
	bare=${1%/.default}
	while :; do case $bare in */) bare=${bare%/} ;; *) return ;; esac; done
}
norm "$resource"
wanted=$bare
user= home= sub= cloud= subname= best=
while read -r kind a b c d e f; do # the last takes what is left, blanks and all
	case $kind in
	account) user=$a home=$b sub=$c cloud=$d subname=$e${f:+ $f} ;;
	token)
		norm "$a"
		[ "$bare" = "$wanted" ] || continue
		[ -z "$tenant" ] || [ "$tenant" = "$b" ] || continue
		[ -z "$best" ] || continue
		best=$f realm=$b epoch=$c local="$d $e"
		;;
	esac
done <"$file"
[ -n "$user" ] || refuse "aztray has withdrawn the sign-in" "renew it: aztray service auth-renew"

if [ "$words" = " account show" ]; then
	[ "$sub" != - ] || sub=$home subname="N/A(tenant level account)"
	[ -z "$subscription" ] || [ "$subscription" = "$sub" ] || [ "$subscription" = "$subname" ] || fail 1 "The subscription of '$subscription' doesn't exist in cloud '$cloud'."
	field environmentName "$cloud"
	field homeTenantId "$home"
	field id "$sub"
	field isDefault true raw
	field name "$subname"
	field state Enabled
	field tenantId "$home"
	case $query in user.name) picked=$user found=y raw= ;; esac
	out="$out,
  \"user\": {
    \"name\": \"$user\",
    \"type\": \"user\"
  }"
	answer
fi

[ -n "$best" ] || refuse "aztray delivers no token for $wanted${tenant:+ in tenant $tenant}" "see what it delivers: aztray service status --verbose"
# Without a clock to read, the SDK sees the end in the answer and asks again.
now=$(date +%s 2>/dev/null) || now=
case $now in '' | *[!0-9]*) ;; *) [ "$epoch" -gt "$now" ] || refuse "The token that aztray delivered has expired" "renew the sign-in: aztray service auth-renew" ;; esac
# expiresOn is in local time, and date knows it better than a guess made on the host.
here=$(date -d "@$epoch" '+%Y-%m-%d %H:%M:%S.000000' 2>/dev/null) && [ -n "$here" ] && local=$here
field accessToken "$best"
field expiresOn "$local"
field expires_on "$epoch" raw
[ "$sub" = - ] || [ -n "$tenant" ] || field subscription "$sub"
field tenant "$realm"
field tokenType Bearer
answer
