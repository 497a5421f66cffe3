package nearest

import "testing"

func TestTo(t *testing.T) {
	names := []string{"Contoso", "Fabrikam", "contoso.example"}
	for _, tt := range []struct {
		want, name string
		changes    int
	}{
		{"Contoso", "Contoso", 0},
		{"CONTOSO", "Contoso", 0},
		{"contsoo", "Contoso", 2},
		{"fabricam", "Fabrikam", 1},
		{"contoso.exampl", "contoso.example", 1},
		{"", "Contoso", 7},
	} {
		if name, changes := To(tt.want, names); name != tt.name || changes != tt.changes {
			t.Errorf("To(%q) = %q, %d; want %q, %d", tt.want, name, changes, tt.name, tt.changes)
		}
	}
}
