package containers

// startCommand is what starts the engine.
const startCommand = "open -a Docker"
