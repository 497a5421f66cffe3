package containers

// startCommand is what starts the engine.
const startCommand = "start Docker Desktop from the Start menu"
