#!/bin/sh
# aztray's small az: it answers what tools ask az for from what aztray delivers, in an image that has no Azure CLI.
# It needs a shell that is POSIX with local variables, and nothing else. docs/az-in-containers.md lists its answers.

set -f

# A real az that came later is always the better one.
search_real() {
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
[ '@ALONE@' = yes ] || search_real
[ -z "$real" ] || exec "$real" "$@"

nl='
'
tab='	'
IFS=$nl LC_ALL=C

fail() {
	printf 'ERROR: %s\n' "$2" >&2
	exit "$1"
}
# refuse says why there is no token, and what cures that on the host. It never says "az login": where these words
# stand on standard error, SDKs for JavaScript and Python show a sentence of their own in place of all of it.
refuse() { fail 1 "$1. On the host, $2"; }

# lower sets low to $1 in small letters.
lower() {
	low=$1
	case $1 in *[A-Z]*) ;; *) return 0 ;; esac
	low= left=$1
	while [ -n "$left" ]; do
		c=${left%"${left#?}"} left=${left#?}
		case $c in
		A) c=a ;; B) c=b ;; C) c=c ;; D) c=d ;; E) c=e ;; F) c=f ;; G) c=g ;; H) c=h ;; I) c=i ;; J) c=j ;; K) c=k ;;
		L) c=l ;; M) c=m ;; N) c=n ;; O) c=o ;; P) c=p ;; Q) c=q ;; R) c=r ;; S) c=s ;; T) c=t ;; U) c=u ;; V) c=v ;;
		W) c=w ;; X) c=x ;; Y) c=y ;; Z) c=z ;;
		esac
		low=$low$c
	done
}

#@PARTS@

# The words and options, read as az reads them (Python's argparse): words first; an option may be cut short, and its
# value may stand behind "=", or directly behind a letter.

misspelled() {
	fail 2 "'$1' is misspelled or not recognized by the system.
This az comes from aztray and knows account, cloud and version alone; install the Azure CLI for more."
}

# option_called sets option to the only one in options that begins with $1, "" for none.
option_called() {
	local IFS=' ' o matches=
	option=
	for o in $options; do
		case $o in
		"$1") option=$o && return ;;
		"$1"*) option=$o matches="$matches${matches:+, }$o" ;;
		esac
	done
	case $matches in *", "*) fail 2 "ambiguous option: $1 could match $matches" ;; esac
}

# letter sets option to the one in options that a letter, $1, stands for, "" for none.
letter() {
	option=
	case $1 in
	-h) option_called --help ;;
	-o) option_called --output ;;
	-n) option_called --name ;;
	-s) case " $options " in *" --name "*"--subscription "*) option=--subscription ;; esac ;;
	-t) case " $options " in *" --tenant "*) option=--tenant ;; esac ;;
	esac
}

# spoken sets named to what az calls an option in a sentence.
spoken() {
	case $1$command in
	--output*) named=--output/-o ;;
	--tenant*) named=--tenant/-t ;;
	--help*) named=-h/--help ;;
	--namecloud*) named=--name/-n ;;
	--name* | --subscriptionaccount*) named=--subscription/-s/--name/-n ;;
	*) named=$1 ;;
	esac
}

# is_value reports whether a word can be an option's value: not another option.
is_value() {
	case $1 in - | -*" "* | -[0-9]*) ;; -*) return 1 ;; esac
}

# parse reads the options of the command.
parse() {
	local extra= inline value
	while [ $# -gt 0 ]; do
		option= inline= value=
		case $1 in
		--) ;;
		--*=*) option_called "${1%%=*}" && inline=y value=${1#*=} ;;
		--*) option_called "$1" ;;
		-?*)
			value=${1#-?}
			letter "${1%"$value"}"
			[ -z "$value" ] || inline=y value=${value#=}
			;;
		esac
		[ -n "$option" ] || { extra="$extra $1" && shift && continue; }
		spoken "$option"
		shift
		case $option in
		--help | --debug | --verbose | --only-show-errors | --all | --refresh)
			[ -z "$inline" ] || fail 2 "argument $named: ignored explicit argument '$value'"
			;;
		esac
		case $option in
		--help) help && exit 0 ;;
		--debug | --verbose) loud=y && continue ;;
		--only-show-errors) quiet=y && continue ;;
		--all | --refresh) continue ;;
		--scope)
			scopes=$value
			while [ -z "$inline" ] && [ $# -gt 0 ] && is_value "$1"; do scopes="$scopes$1$nl" && shift; done
			continue
			;;
		esac
		if [ -z "$inline" ]; then
			[ $# -gt 0 ] && is_value "$1" || expected
			value=$1
			shift
		fi
		take "$value"
	done
	[ -z "$extra" ] || fail 2 "unrecognized arguments:$extra"
	[ -z "$loud" ] || [ -z "$quiet" ] || contradiction
}

contradiction() {
	printf '%s\n' "--only-show-errors can't be used together with --debug or --verbose" >&2
	exit 1
}

expected() {
	printf '%s\n' "ERROR: argument $named: expected one argument" >&2
	exit 2
}

# take keeps the value $1 of the option.
take() {
	case $option in
	--resource) resource=$1 ;;
	--resource-type)
		case $1 in oss-rdbms | arm | aad-graph | ms-graph | batch | media | data-lake) ;; *) not_among "oss-rdbms, arm, aad-graph, ms-graph, batch, media, data-lake" "$1" ;; esac
		type=$1
		;;
	--tenant) tenant=$1 ;;
	--name | --subscription) name_given=$1 ;;
	--output)
		lower "$1"
		output=$low
		case $output in json | jsonc | yaml | yamlc | table | tsv | none) ;; *) not_among "json, jsonc, yaml, yamlc, table, tsv, none" "$low" ;; esac
		;;
	--query)
		query=$1 doc="|z|$nl" trying=y
		search # a query that is none is said to be before anything else
		doc= trying=
		;;
	esac
}

not_among() { fail 2 "az $command: '$2' is not a valid value for '$option'. Allowed values: $1."; }

help() {
	printf '\n%s\n' "Command" "    az $command : answered by the small az that aztray puts into containers.
" "It knows
    az account show | list | set
    az account get-access-token [--resource R | --scope S | --resource-type T] [--tenant T | --subscription S]
    az cloud show | list | set
    az version
" "each with --output, --query, --only-show-errors, --verbose and --debug. For more, install the Azure CLI."
}

# answer prints the document and ends.
answer() {
	[ -z "$query" ] || search
	print
	exit 0
}

command= options="--debug --help --only-show-errors --output --query --verbose"
output=${AZURE_CORE_OUTPUT:-json} query= resource= scopes= type= tenant= name_given= loud= quiet= doc= trying= follows=
case $1 in
"" | -h | --help) help && exit 0 ;;
-v | --version)
	printf 'azure-cli                         2.54.0\n\ncore                              2.54.0\ntelemetry                          1.1.0\n\nThe small az that aztray puts into containers\n'
	exit 0
	;;
account | cloud)
	case $2 in
	-h | --help) command=$1 && help && exit 0 ;;
	"" | -*) fail 2 "the following arguments are required: _subcommand" ;;
	esac
	command="$1 $2"
	shift
	;;
*) command=$1 ;;
esac
case $command in
"account get-access-token") options="$options --name --resource --resource-type --scope --subscription --tenant" ;;
"account show" | "account set") options="$options --name --subscription" ;;
"account list") options="$options --all --refresh" ;;
"cloud show" | "cloud set") options="$options --name --profile" ;;
"cloud list") ;;
version) options="$options --subscription" ;;
login | logout | "account clear") fail 1 "This az comes from aztray, which signs in on the host: run aztray service auth-renew there" ;;
*) misspelled "${command#* }" ;;
esac
shift
parse "$@"

if [ "$command" = version ]; then
	put "" o
	put /azure-cli s 2.54.0
	put /azure-cli-core s 2.54.0
	put /azure-cli-telemetry s 1.1.0
	put /extensions o
	answer
fi

# What was delivered: where this user's az would look, else where aztray put it.
file= user= cloud=AzureCloud rows= title= tenants= tokens= manager=
for dir in "$AZURE_CONFIG_DIR" "${HOME%/}/.azure" '@PLACE@'; do
	if [ -n "$dir" ] && [ -r "$dir/.aztray.tokens" ]; then
		file=$dir/.aztray.tokens
		break
	fi
done
while [ -n "$file" ] && IFS=' ' read -r kind line; do
	case $kind in
	account) user=${line%% *} cloud=${line#* } ;;
	row) rows=$rows$line$nl ;;
	manager) manager=$line ;;
	title) title=${line#* } ;;
	tenant) tenants=$tenants$line$nl ;;
	token) tokens=$tokens$line$nl ;;
	esac
done <"${file:-/dev/null}"
case $command in
cloud*) cloud_command ;;
esac
if [ -z "$user" ] && [ "$command" != "account list" ]; then
	[ -n "$file" ] || refuse "aztray has delivered nothing that this user can read" "see why: aztray doctor"
	refuse "aztray has withdrawn the sign-in" "renew it: aztray service auth-renew"
fi

# put_row adds a subscription at $1; $2 is what its cloud is called in it.
put_row() {
	put "$1" o
	put "$1/$2" s "$cloud"
	[ "$home" = - ] || put "$1/homeTenantId" s "$home"
	put "$1/id" s "$id"
	put "$1/isDefault" b "$default"
	[ "$home" = - ] || put "$1/managedByTenants" a
	put "$1/name" s "$name"
	put "$1/state" s Enabled
	if [ "$domain" != - ]; then # newer ones say so
		put "$1/tenantDefaultDomain" s "$domain"
		put "$1/tenantDisplayName" s "$title"
	fi
	put "$1/tenantId" s "$of"
	put "$1/user" o
	put "$1/user/name" s "$user"
	put "$1/user/type" s user
}

# row cuts a row into its words.
row() {
	local IFS=' '
	set -- $1
	id=$1 of=$2 home=$3 default=$4 domain=$5
	shift 5
	name=$*
}

# find_row makes the row current that is called $1, by name or id; "" is the default one.
find_row() {
	local wanted each
	lower "$1"
	wanted=$low
	for each in $rows; do
		row "$each"
		[ -n "$wanted" ] || [ "$default" != true ] || return 0
		lower "$name"
		[ "$wanted" != "$low" ] || return 0
		lower "$id"
		[ "$wanted" != "$low" ] || return 0
	done
	return 1
}

case $command in
"account list")
	put "" a
	n=0
	for each in $rows; do
		row "$each"
		put_row "/$n" cloudName
		n=$((n + 1))
	done
	[ $n -gt 0 ] || [ -n "$quiet" ] || printf 'WARNING: %s\n' "aztray has delivered no sign-in. On the host, renew it: aztray service auth-renew" >&2
	[ "$output" != table ] || [ -n "$query" ] || query='[].{Name: name, CloudName: cloudName, SubscriptionId: id, TenantId: tenantId, State: state, IsDefault: isDefault}'
	answer
	;;
"account set")
	[ -n "$name_given" ] || fail 2 "the following arguments are required: --subscription/-s/--name/-n"
	find_row "$name_given" || fail 1 "The subscription of '$name_given' doesn't exist in cloud '$cloud'."
	[ "$default" = true ] || fail 1 "This az comes from aztray, which chooses the subscription on the host: name it with --subscription, or set azure.subscription_id there"
	exit 0
	;;
esac
[ -z "$name_given" ] || [ -z "$tenant" ] || fail 1 "Please specify only one of subscription and tenant, not both"
find_row "$name_given" || fail 1 "Subscription '$name_given' not found. Check the spelling and casing and try again."
if [ "$command" = "account show" ]; then
	put_row "" environmentName
	answer
fi

# audience sets low to the resource of a scope: what stands before /.default, in small letters, every slash kept.
audience() {
	lower "$1"
	low=${low%/.default}
	low=${low%/user_impersonation}
}

if [ -z "$resource" ] && [ -n "$type" ]; then
	case $type in
	oss-rdbms) endpoint ossrdbmsResourceId ;;
	arm) endpoint activeDirectoryResourceId && value=${manager:-$value} ;;
	aad-graph) endpoint activeDirectoryGraphResourceId ;;
	ms-graph) endpoint microsoftGraphResourceId ;;
	batch) endpoint batchResourceId ;;
	media) endpoint mediaResourceId ;;
	data-lake) endpoint activeDirectoryDataLakeResourceId ;;
	esac
	resource=$value
fi
[ -n "$resource$scopes" ] || { endpoint activeDirectoryResourceId && resource=${manager:-$value}; }
lower "${tenant:-$of}"
realm=$low
for each in $tenants; do
	lower "${each#* }"
	[ "$low" != "$realm" ] || { lower "${each%% *}" && realm=$low; }
done

# find_token makes the token current whose audience is in low; it fails where there is none.
find_token() {
	local audience=$low each
	for each in $tokens; do
		case $each in "$audience "*) ;; *) continue ;; esac
		each=${each#* }
		lower "${each%% *}"
		[ "$low" = "$realm" ] || continue
		each=${each#* }
		epoch=${each%% *} each=${each#* }
		secret=${each##* } local=${each% *}
		return 0
	done
	refuse "aztray delivers no token for $1${tenant:+ in tenant $tenant}" "see what it delivers: aztray service status --verbose"
}
for each in ${scopes:-$resource}; do
	audience "$each"
	[ -n "$scopes" ] || lower "$each"
	find_token "$each"
done

# Without a clock to read, the SDK sees the end in the answer and asks again.
now=$(date +%s 2>/dev/null) || now=
case $now in '' | *[!0-9]*) ;; *) [ "$epoch" -gt "$now" ] || refuse "The token that aztray delivered has expired" "renew the sign-in: aztray service auth-renew" ;; esac
# expiresOn is in local time, and date knows it better than a guess made on the host.
here=$(date -d "@$epoch" '+%Y-%m-%d %H:%M:%S.000000' 2>/dev/null) && [ -n "$here" ] && local=$here
doc=
put "" o
put /accessToken s "$secret"
put /expiresOn s "$local"
put /expires_on n "$epoch"
[ -n "$tenant" ] || put /subscription s "$id"
put /tenant s "${tenant:-$of}"
put /tokenType s Bearer
answer
