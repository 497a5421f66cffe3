package cloud

import (
	"net/http"
	"strings"
)

// docs is the page that az 2.45 sends the browser to after a sign-in; a newer az has its own. Its
// title is unlike those of the pages that wait for a person.
func docs(r *http.Request) reply {
	if !strings.Contains(r.URL.Path, "/cli/azure") {
		return page(http.StatusNotFound, "Not found", "There is nothing here.")
	}
	return render(http.StatusOK, pageData{Title: "You have signed in", Done: true, Text: "You can close this window."})
}
