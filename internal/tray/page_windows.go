package tray

func opener(url string) (name string, args []string) {
	return "rundll32.exe", []string{"url.dll,FileProtocolHandler", url}
}
