// Command demo shows what aztray is for, on real parts: real az, a real Docker engine with two
// containers, a real desktop with Chromium, and a stand-in for Azure on loopback. Nothing of the
// person's own is touched: az directory, settings and containers are the demo's, and all of it is
// gone when it ends, by an interrupt too. It knows the rig and the command line, nothing of the
// program's insides.
//
//	make demo                         all it needs is installed first
//	go run ./test/rig/demo -virtual   never on the desktop that runs, so with pictures
//
// On a desktop that runs and has a tray, the icon appears there and the person presses the buttons.
// Elsewhere a virtual desktop is used, the demo presses them, and build/demo gets a screenshot of each
// step, demo.gif and aztray.png. The last two are the README's pictures; to renew them:
//
//	make demo && cp build/demo/demo.gif build/demo/aztray.png docs/images/
package main
