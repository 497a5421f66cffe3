package containers

// startCommand is what starts the engine.
const startCommand = "sudo systemctl start docker"
