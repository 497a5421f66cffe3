# --query: JMESPath as far as people write it for az: names, "quoted names", [0], [-1], [], [*], *, [?a=='b'], {a:b},
# [a,b], @, |, ==, !=, &&, ||, !, 'text', `true`, length(), contains(), starts_with() and ends_with(). It works on the
# document, in place.
# https://jmespath.org/specification.html

# invalid ends for a query that is none.
invalid() {
	printf '%s\n' "ERROR: argument --query: invalid jmespath_type value: '$query'" \
		"To learn more about --query, please visit: 'https://docs.microsoft.com/cli/azure/query-azure-cli'" >&2
	exit 2
}

# beyond ends for a query that is one, and too much for this az.
beyond() { fail 2 "argument --query: this az, from aztray, does not know $1; give the whole answer to another tool, or install the Azure CLI"; }

# unfit ends where a function is given what it does not take.
unfit() {
	case $kind in z) value=None kind=null ;; b) cell && value=$text kind=boolean ;; n) kind=number ;; o) kind=object ;; esac
	[ -n "$trying" ] || fail 1 "Invalid jmespath query supplied for \`--query\`: In function $1(), invalid type for value: $value, expected one of: [$2], received: \"$kind\""
}

# lex cuts the query into tokens, one a line: i a name, n a number, s a text, l a literal, p a sign.
lex() {
	left=$query toks=
	while [ -n "$left" ]; do
		case $left in
		" "* | "$tab"* | "$nl"*) left=${left#?} ;;
		[A-Za-z_]*)
			text=${left%%[!A-Za-z0-9_]*}
			toks=${toks}i$text$nl left=${left#"$text"}
			;;
		-[0-9]* | [0-9]*)
			text=${left#-}
			text=${left%"$text"}${text%%[!0-9]*}
			toks=${toks}n$text$nl left=${left#"$text"}
			;;
		\"*\"*) enclosed i '"' ;;
		\'*\'*) enclosed s "'" ;;
		\`*\`*) enclosed l '`' ;;
		"=="* | "!="* | "&&"* | "||"* | "<="* | ">="*) text=${left#??} && toks=${toks}p${left%"$text"}$nl left=$text ;;
		"["* | "]"* | "{"* | "}"* | "("* | ")"* | "."* | ","* | ":"* | "|"* | "*"* | "@"* | "&"* | "<"* | ">"* | "?"* | "!"*)
			text=${left#?}
			toks=${toks}p${left%"$text"}$nl left=$text
			;;
		*) invalid ;;
		esac
	done
}

# enclosed cuts off what stands between two of the sign $2, as a token of the kind $1.
enclosed() {
	left=${left#"$2"}
	text=${left%%"$2"*}
	case $text in *\\*) beyond "a backslash" ;; esac
	toks=$toks$1$text$nl left=${left#*"$2"}
}

next() { toks=${toks#*"$nl"}; }

# expect takes the sign $1.
expect() {
	case $toks in "p$1$nl"*) next ;; *) invalid ;; esac
}

# search makes the document what the query gives.
search() {
	lex
	piped
	[ -z "$toks" ] || invalid
}

piped() {
	either
	while :; do
		case $toks in "p|$nl"*) next && either ;; *) return ;; esac
	done
}

either() {
	local on=$doc
	both
	while :; do
		case $toks in
		"p||$nl"*) next && local first=$doc && doc=$on && both && { doc_is "$first" && doc=$first || :; } ;;
		*) return 0 ;;
		esac
	done
}

both() {
	local on=$doc
	compared
	while :; do
		case $toks in
		"p&&$nl"*) next && local first=$doc && doc=$on && compared && { doc_is "$first" || doc=$first; } ;;
		*) return 0 ;;
		esac
	done
}

# doc_is reports whether a document counts as true.
doc_is() {
	case $1 in "|z|$nl" | "|b|false$nl" | "|s|$nl" | "|a|$nl" | "|o|$nl") return 1 ;; esac
}

compared() {
	local on=$doc first
	case $toks in
	"p!$nl"*)
		next
		compared
		doc_is "$doc" && doc="|b|false$nl" || doc="|b|true$nl"
		return
		;;
	esac
	chain
	case $toks in
	"p==$nl"* | "p!=$nl"*)
		local sign=${toks%%"$nl"*}
		next
		first=$doc doc=$on
		chain
		[ "$first" = "$doc" ] && first=true || first=false
		case $sign$first in p==true | p!=false) doc="|b|true$nl" ;; *) doc="|b|false$nl" ;; esac
		;;
	"p<"* | "p>"*) beyond "< and >" ;;
	esac
}

# chain is a beginning, such as a name, and all that follows it.
chain() {
	case $toks in
	"ilength$nl""p($nl"*)
		next && next
		piped
		expect ")"
		look && members
		case $kind in s) doc="|n|${#value}$nl" ;; o | a) set -- $names && doc="|n|$#$nl" ;; *) unfit length "'string', 'array', 'object'" ;; esac
		;;
	"icontains$nl""p($nl"* | "istarts_with$nl""p($nl"* | "iends_with$nl""p($nl"*) holds ;;
	"p&$nl"*) beyond "&" ;;
	"p*$nl"*) next && all_values ;;
	"p@$nl"*) next ;;
	l* | s*) literal ;;
	i* | "p{$nl"*) part ;;
	"p[$nl"*) follows=first ;;
	*) invalid ;;
	esac
	rest
}

# holds is one of the functions that look for a text in another.
holds() {
	local function=${toks%%"$nl"*} on=$doc where
	next && next
	piped
	look && where=$value
	case $function$kind in is*s | ie*s | icontains[sa]) ;; *) unfit "${function#i}" "'string'" ;; esac
	[ "$kind" != a ] || beyond "contains() of an array"
	expect ","
	doc=$on
	piped
	expect ")"
	look
	case $function in
	istarts_with) case $where in "$value"*) where=true ;; *) where=false ;; esac ;;
	iends_with) case $where in *"$value") where=true ;; *) where=false ;; esac ;;
	*) case $where in *"$value"*) where=true ;; *) where=false ;; esac ;;
	esac
	doc="|b|$where$nl"
}

# part is a name, or an object or an array to be made.
part() {
	local token=${toks%%"$nl"*}
	case $token in
	i*)
		next
		case $toks in "p($nl"*) beyond "the function ${token#i}()" ;; esac
		pick "/${token#i}"
		;;
	"p{") next && object ;;
	"p[") next && array ;;
	"p*") next && all_values ;;
	*) invalid ;;
	esac
}

literal() {
	local token=${toks%%"$nl"*}
	next
	case $token in
	s*) doc="|s|${token#s}$nl" ;;
	ltrue | lfalse) doc="|b|${token#l}$nl" ;;
	lnull) doc="|z|$nl" ;;
	l\"*\") token=${token#l\"} && doc="|s|${token%\"}$nl" ;;
	l*[!0-9]* | l) beyond "\`${token#l}\`" ;;
	l*) doc="|n|${token#l}$nl" ;;
	esac
}

# rest is what follows: names behind dots, and brackets. Within a projection ($1) it ends at the next [].
rest() {
	while :; do
		case $toks in
		"p.$nl"*) next && part ;;
		"p[$nl""p]$nl"*)
			[ -z "$1" ] || return 0
			next && next
			flat
			project
			;;
		"p[$nl""p*$nl"*)
			next && next
			expect "]"
			elements
			project
			;;
		"p[$nl""p?$nl"*) next && next && chosen ;;
		"p[$nl"n*)
			next
			element "${toks%%"$nl"*}"
			next
			case $toks in "p:$nl"*) beyond "[a:b]" ;; esac
			expect "]"
			;;
		"p[$nl""p:$nl"*) beyond "[a:b]" ;;
		"p[$nl"*)
			[ "$follows" = first ] || invalid
			part
			;;
		*) return 0 ;;
		esac
		follows=
	done
}

# element makes the document the member $1 of an array, from its end where that is negative.
element() {
	local at=${1#n}
	look && members
	[ "$kind" = a ] || { doc="|z|$nl" && return; }
	set -- $names
	[ "$at" -ge 0 ] || at=$(($# + at))
	pick "/$at"
}

# elements lists an array's members in names; anything else becomes null.
elements() {
	look && members
	[ "$kind" = a ] || { names= doc="|z|$nl"; }
}

# all_values is a projection of an object's members.
all_values() {
	look && members
	[ "$kind" = o ] || { names= doc="|z|$nl"; }
	project
}

# flat puts the members of an array's arrays in their places.
flat() {
	local whole=$doc all= n=0 name inner
	elements
	for name in $names; do
		doc=$whole
		pick "/$name"
		look && members
		[ "$kind" = a ] || names=.
		local one=$doc
		for inner in $names; do
			doc=$one
			[ "$inner" = . ] || pick "/$inner"
			gather
		done
	done
	doc=$whole
	elements
	case $doc in "|z|"*) return ;; esac
	doc="|a|$nl$all"
	members
}

# gather adds the document to the members in all, of which there are n.
gather() {
	local line
	for line in $doc; do all=$all/$n$line$nl; done
	n=$((n + 1))
}

# project sends the members in names through what follows, and makes an array of what is not null.
project() {
	local whole=$doc every=$names from=$toks all= n=0 name after
	local was=$trying
	doc="|z|$nl" trying=y
	rest within # where it ends
	after=$toks trying=$was
	for name in $every; do
		doc=$whole toks=$from
		pick "/$name"
		rest within
		case $doc in "|z|"*) ;; *) gather ;; esac
	done
	toks=$after
	case $whole in "|z|"*) doc=$whole ;; *) doc="|a|$nl$all" ;; esac
}

# chosen is a projection of the members for which a condition holds.
chosen() {
	local whole=$doc from=$toks every kept= name was=$trying
	elements
	every=$names whole=$doc doc="|z|$nl" trying=y
	either
	trying=$was
	expect "]"
	for name in $every; do
		doc=$whole
		pick "/$name"
		local after=$toks
		toks=$from
		either
		toks=$after
		! doc_is "$doc" || kept=$kept$name$nl
	done
	doc=$whole names=$kept
	project
}

# object makes an object of the names and queries up to the brace.
object() {
	local whole=$doc all= key line
	while :; do
		case $toks in i*) key=${toks%%"$nl"*} && next ;; *) invalid ;; esac
		expect :
		doc=$whole
		piped
		for line in $doc; do all=$all/${key#i}$line$nl; done
		case $toks in "p,$nl"*) next ;; *) break ;; esac
	done
	expect "}"
	case $whole in "|z|"*) doc=$whole ;; *) doc="|o|$nl$all" ;; esac
}

# array makes an array of the queries up to the bracket.
array() {
	local whole=$doc all= n=0
	while :; do
		doc=$whole
		piped
		gather
		case $toks in "p,$nl"*) next ;; *) break ;; esac
	done
	expect "]"
	case $whole in "|z|"*) doc=$whole ;; *) doc="|a|$nl$all" ;; esac
}
