// Package sdk holds apps that use Azure's SDKs for Python and JavaScript as their documentation says: each
// asks for a token again and again and tells what came of it, never the token itself. The one for Go is
// package asker; Apps runs all three on this machine. They know nothing of aztray. test/setup.sh installs the SDK for JavaScript, at the versions
// of package-lock.json, into build/sdk.
package sdk
