package localapi

import (
	"encoding/json"
	"net/http"
	gosync "sync"
)

// stream writes events, each at once, from whatever goroutine.
type stream struct {
	mu  gosync.Mutex
	enc *json.Encoder
	rc  *http.ResponseController
}

func newStream(w http.ResponseWriter) *stream {
	w.Header().Set("Content-Type", "application/x-ndjson")
	return &stream{enc: json.NewEncoder(w), rc: http.NewResponseController(w)}
}

// send is false where the other side has gone.
func (s *stream) send(e Event) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.enc.Encode(e) == nil && s.rc.Flush() == nil
}
