package browser

func opener(argument string) (name string, args []string) {
	return "rundll32.exe", []string{"url.dll,FileProtocolHandler", argument}
}
