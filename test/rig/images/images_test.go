package images

import (
	"reflect"
	"testing"
)

func TestRelations(t *testing.T) {
	for _, c := range []struct {
		name, field string
		want        [][]string
	}{
		{"nothing", ", ", nil},
		{"versions and architectures are dropped", "libc6 (>= 2.36), python3:any (<< 3.12)", [][]string{{"libc6"}, {"python3"}}},
		{"alternatives stay together", "debconf (>= 0.5) | debconf-2.0, zlib1g", [][]string{{"debconf", "debconf-2.0"}, {"zlib1g"}}},
	} {
		if got := relations(c.field); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: relations(%q) = %v, want %v", c.name, c.field, got, c.want)
		}
	}
}

func TestClosure(t *testing.T) {
	libc := deb{name: "libc6"}
	all := map[string]deb{
		"az":     {name: "az", depends: [][]string{{"python"}, {"gone", "tls"}, {"dpkg"}}},
		"python": {name: "python", depends: [][]string{{"libc6"}, {"az"}}}, // a circle
		"tls":    {name: "openssl", depends: [][]string{{"libc6"}}},        // a virtual name
		"dpkg":   {name: "dpkg", depends: [][]string{{"only-dpkg"}}},
		"libc6":  libc, "only-dpkg": {name: "only-dpkg"},
	}
	got, err := closure(all, []string{"az"}, []string{"dpkg"})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range got {
		names = append(names, d.name)
	}
	if want := []string{"az", "libc6", "openssl", "python"}; !reflect.DeepEqual(names, want) {
		t.Errorf("closure: %v, want %v", names, want)
	}
	if _, err := closure(all, []string{"absent"}, nil); err == nil {
		t.Error("a root that is not installed: no error")
	}
}

func TestClientLibrary(t *testing.T) {
	for _, c := range []struct{ path, want string }{
		{"/usr/lib/python3/dist-packages/azure/mgmt/network/v1/models.py", "azure/mgmt/network"},
		{"/usr/lib/python3/dist-packages/azure/mgmt/network", "azure/mgmt/network"},
		{"/usr/lib/python3/dist-packages/azure/mgmt/__init__.py", ""},
		{"/usr/lib/python3/dist-packages/azure/core/paging.py", "azure/core"},
		{"/usr/lib/python3/dist-packages/azure/__init__.py", ""},
		{"/opt/az/lib/python3.12/site-packages/azure/cli/core/util.py", "azure/cli"},
		{"/usr/lib/python3/dist-packages/msal/oauth2cli/oidc.py", ""},
	} {
		if got, _ := clientLibrary(c.path); got != c.want {
			t.Errorf("clientLibrary(%q) = %q, want %q", c.path, got, c.want)
		}
	}
}
