package cloud_test

import (
	"testing"

	"aztray/test/rig/cloud"
)

// start runs a cloud for the length of a test.
func start(t *testing.T, o cloud.Options) *cloud.Cloud {
	t.Helper()
	o.Dir = t.TempDir()
	c, err := cloud.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}
