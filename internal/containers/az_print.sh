# The forms of an answer. A document is lines of PATH|KIND|VALUE: the path is empty for the whole, and /user/name or
# /0/id within it; the kind is s (text), n (number), b (true or false), z (null), o (object) or a (array). Members are in
# the order in which they were put.

# put PATH KIND VALUE adds a line to the document.
put() { doc="$doc$1|$2|$3$nl"; }

# pick PATH makes the document what is there: null where nothing is.
pick() {
	picked=
	for line in $doc; do
		case $line in "$1|"* | "$1/"*) picked=$picked${line#"$1"}$nl ;; esac
	done
	doc=${picked:-"|z|$nl"}
}

# look reads the kind and the value of the whole.
look() {
	value=${doc%%"$nl"*}
	value=${value#"|"}
	kind=${value%%"|"*}
	value=${value#*"|"}
}

# members lists the names in an object or the numbers in an array, one a line.
members() {
	names=
	for line in $doc; do
		name=${line%%"|"*}
		name=${name#/}
		case $name in "" | */*) ;; *) names=$names$name$nl ;; esac
	done
}

# sorted puts names in the order of their characters.
sorted() {
	unsorted=$names names=
	for name in $unsorted; do
		before= placed=
		for other in $names; do
			[ -n "$placed" ] || ! [ "$name" \< "$other" ] || before=$before$name$nl placed=y
			before=$before$other$nl
		done
		[ -n "$placed" ] || before=$before$name$nl
		names=$before
	done
}

# replaced sets text to $1 with $3 for each $2.
replaced() {
	text= left=$1
	while :; do
		case $left in
		*"$2"*) text=$text${left%%"$2"*}$3 left=${left#*"$2"} ;;
		*) text=$text$left && return ;;
		esac
	done
}

# quoted sets text to $1 as it stands between quotes in JSON.
quoted() {
	text=$1
	case $1 in *[\"\\]*) replaced "$1" "\\" "\\\\" && replaced "$text" '"' '\"' ;; esac
}

# json adds the document to out; $1 is the indent of the line that it begins on.
json() {
	look
	members
	case $kind in
	s) quoted "$value" && out=$out\"$text\" && return ;;
	n | b) out=$out$value && return ;;
	z) out=${out}null && return ;;
	o) [ -n "$names" ] || { out="$out{}" && return; } ;;
	a) [ -n "$names" ] || { out="${out}[]" && return; } ;;
	esac
	local whole=$doc shape=$kind comma= name
	case $shape in o) out="$out{" && sorted ;; *) out="${out}[" ;; esac
	for name in $names; do
		out=$out$comma$nl$1"  " comma=,
		case $shape in o) quoted "$name" && out=$out\"$text\"": " ;; esac
		doc=$whole
		pick "/$name"
		json "$1  "
	done
	case $shape in o) out=$out$nl$1"}" ;; *) out=$out$nl$1"]" ;; esac
}

# plain sets text to $1 as YAML has it: in quotes where it would be taken for something else.
plain() {
	text=$1
	case $1 in
	"" | " "* | *" " | *": "* | *: | *" #"* | "- "* | - | "? "* | "?" | --- | "--- "* | ... | "... "* | = | "~" | "<<") ;;
	"["* | "]"* | "{"* | "}"* | "#"* | "&"* | "*"* | "!"* | "|"* | ">"* | "'"* | '"'* | "%"* | "@"* | '`'* | ","*) ;;
	[Yy]es | YES | [Nn]o | NO | [Tt]rue | TRUE | [Ff]alse | FALSE | [Oo]n | ON | [Oo]ff | OFF | [Nn]ull | NULL) ;;
	[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*) ;; # a day
	[0-9.+-]*) # a number, with one point at most
		case $1 in *[!0-9_.eE+-]* | *.*.* | *-*-*) return ;; esac
		;;
	*) return ;;
	esac
	replaced "$1" "'" "''"
	text="'$text'"
}

# single adds the document to out where YAML has it on one line; it fails where it has members.
single() {
	look
	members
	case $kind$names in
	s*) plain "$value" && out=$out$text ;;
	n* | b*) out=$out$value ;;
	z*) out=${out}null ;;
	o) out="$out{}" ;;
	a) out="${out}[]" ;;
	*) return 1 ;;
	esac
}

# yaml adds the members of the document to out, the first line behind $2 and the others behind $1.
yaml() {
	look
	members
	local whole=$doc shape=$kind lead=$2 name
	[ "$shape" = a ] || sorted
	for name in $names; do
		doc=$whole
		pick "/$name"
		case $shape in a) out=$out$lead- ;; *) plain "$name" && out=$out$lead$text: ;; esac
		lead=$1 before=$out out="$out "
		if single; then
			out=$out$nl
		else
			case $shape$kind in
			oo) out=$before$nl && yaml "$1  " "$1  " ;;
			oa) out=$before$nl && yaml "$1" "$1" ;;
			*) yaml "$1  " "" ;;
			esac
		fi
	done
}

# cell sets text to the document as Python prints it: an object is nothing, and an array how many it holds.
cell() {
	look
	text=$value
	case $kind:$value in
	b:true) text=True ;;
	b:false) text=False ;;
	z:) text=None ;;
	a:) members && set -- $names && text=$# ;;
	esac
}

# each lists in names what makes a row: the members of an array, else the whole, for which row is called.
each() {
	local whole=$doc name rows
	look
	[ "$kind" = a ] && members || names=.
	rows=$names
	for name in $rows; do
		doc=$whole
		[ "$name" = . ] || pick "/$name"
		"$1"
	done
	doc=$whole
}

tsv() { each tsv_row; }

tsv_row() {
	look
	case $kind in
	b) out=$out$value$nl && return ;;
	[snz]) cell && out=$out$text$nl && return ;;
	esac
	local whole=$doc name gap= rest
	members
	for name in $names; do
		doc=$whole
		pick "/$name"
		cell
		out=$out$gap$text gap=$tab
	done
	out=$out$nl
}

# table adds the document to out: a column for each name that has a single value in some row. heads has a line for
# each column, WIDTH NAME.
table() {
	heads=
	each table_row
	[ -n "$heads" ] || { out=$nl && return; }
	way=head && table_line
	way=rule && table_line
	way=fill && each table_line
}

# table_row widens the columns to the row, and adds those that it has for the first time.
table_row() {
	local whole=$doc name
	look
	columns
	for name in $names; do
		doc=$whole
		table_cell "$name" || continue
		widen "${#text}"
	done
}

# columns lists the names under which the document has cells.
columns() {
	look
	case $kind in o | a) members ;; *) names=Result ;; esac
	shape=$kind
}

# table_cell sets text to the cell of the document under a name, and head to the column's. It fails where there is
# no single value.
table_cell() {
	case $shape in
	o)
		case $1 in id | type | etag) return 1 ;; esac
		pick "/$1"
		capital "$1"
		look
		case $kind in [oaz]) return 1 ;; esac
		;;
	a) pick "/$1" && head=Column$(($1 + 1)) ;;
	*) head=Result ;;
	esac
	cell
}

# widen makes the column named head at least $1 wide, and two wider than its name.
widen() {
	local before= line wide=$1
	[ "$wide" -ge $((${#head} + 2)) ] || wide=$((${#head} + 2))
	for line in $heads; do
		case $line in
		*" $head") [ "${line%% *}" -ge "$wide" ] || line="$wide $head"; wide= ;;
		esac
		before=$before$line$nl
	done
	heads=$before${wide:+"$wide $head$nl"}
}

# table_line adds a line to out: the names, the rule beneath them, or the cells of the document.
table_line() {
	local whole=$doc line head made= pad name wide
	columns
	for line in $heads; do
		wide=${line%% *} name=${line#* } text=
		case $way in
		head) text=$name ;;
		rule) while [ ${#text} -lt "$wide" ]; do text=$text-; done ;;
		fill) fill "$name" ;;
		esac
		while [ ${#text} -lt "$wide" ]; do text="$text "; done
		made="$made$text  "
	done
	while :; do case $made in *" ") made=${made% } ;; *) break ;; esac; done
	out=$out$made$nl doc=$whole
}

# fill sets text to the cell of the row under the head $1, empty where it has none.
fill() {
	local name
	doc=$whole
	columns
	for name in $names; do
		doc=$whole
		! table_cell "$name" || [ "$head" != "$1" ] || return 0
	done
	text=
}

# capital sets head to $1 with a great first letter.
capital() {
	head=${1#?}
	case $1 in
	a*) head=A$head ;; b*) head=B$head ;; c*) head=C$head ;; d*) head=D$head ;; e*) head=E$head ;; f*) head=F$head ;;
	g*) head=G$head ;; h*) head=H$head ;; i*) head=I$head ;; j*) head=J$head ;; k*) head=K$head ;; l*) head=L$head ;;
	m*) head=M$head ;; n*) head=N$head ;; o*) head=O$head ;; p*) head=P$head ;; q*) head=Q$head ;; r*) head=R$head ;;
	s*) head=S$head ;; t*) head=T$head ;; u*) head=U$head ;; v*) head=V$head ;; w*) head=W$head ;; x*) head=X$head ;;
	y*) head=Y$head ;; z*) head=Z$head ;; *) head=$1 ;;
	esac
}

# print writes the document in the form that was asked for; az prints nothing for null.
print() {
	look
	[ "$kind" != z ] && [ "$output" != none ] || return 0
	out=
	case $output in
	json*) json "" && out=$out$nl ;;
	yaml*)
		if ! single; then
			yaml "" ""
		else
			case $out in \'* | "{}" | "[]") ;; *) out=$out$nl... ;; esac
			out=$out$nl
		fi
		;;
	tsv) tsv ;;
	table) table ;;
	esac
	printf %s "$out"
}
