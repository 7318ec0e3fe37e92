package site

import (
	"encoding/json"
	"net/http"
	"time"

	"unireg/cmd/cacompany/internal/company"
	"unireg/cmd/cacompany/internal/faults"
	"unireg/cmd/cacompany/internal/webhook"
)

func (s *Site) partnerRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /applications", s.partner(s.apply))
	mux.HandleFunc("GET /applications/{reference}", s.partner(s.state))
	mux.HandleFunc("POST /applications/{reference}/withdrawal", s.partner(s.withdraw))
	mux.HandleFunc("POST /faults", s.setFaults)
	mux.HandleFunc("GET /faults", s.showFaults)
}

// partner serves the registration system, with the faults that are switched on.
func (s *Site) partner(act func(*http.Request) answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switches := s.Board.Read()
		if switches.Refuse() {
			s.write(w, problem(http.StatusServiceUnavailable, "refused", "系统维护，请稍后再试。"))
			return
		}
		a := act(r)
		if r.Method == http.MethodPost && s.keepSilent(w, r, switches) {
			return
		}
		if wait := switches.Slow(); wait > 0 {
			timer := time.NewTimer(wait)
			defer timer.Stop()
			select {
			case <-r.Context().Done():
				return
			case <-timer.C:
			}
		}
		s.write(w, a)
	}
}

// keepSilent loses the answer where a switch says so.
func (s *Site) keepSilent(w http.ResponseWriter, r *http.Request, switches faults.Switches) bool {
	if switches.Hang {
		<-r.Context().Done()
	} else if !switches.Silent() {
		return false
	}
	connection, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		err = connection.Close()
	}
	if err != nil {
		s.Log.Warn("drop a connection", "error", err)
	}
	return true
}

// signed reads a message and checks its signature.
func (s *Site) signed(r *http.Request) (company.Message, *answer) {
	content, ok := body(r)
	if !ok {
		refusal := problem(http.StatusUnprocessableEntity, "too_large", "内容过长。")
		return company.Message{}, &refusal
	}
	settings, err := s.settings()
	if err != nil {
		refusal := s.failed("read the settings", err)
		return company.Message{}, &refusal
	}
	if err := webhook.Verify(r.Header, content, settings.Incoming, now()); err != nil {
		refusal := problem(http.StatusUnauthorized, "signature", "签名无效或已过时。")
		s.Log.Warn("message refused", "reason", err)
		return company.Message{}, &refusal
	}
	m := company.Message{ID: r.Header.Get(webhook.HeaderID), Key: r.Header.Get("Idempotency-Key"), Body: content}
	if m.Key == "" || len(m.Key) > 100 {
		refusal := problem(http.StatusUnprocessableEntity, "malformed", "缺少 Idempotency-Key。")
		return m, &refusal
	}
	return m, nil
}

func (s *Site) apply(r *http.Request) answer {
	m, refusal := s.signed(r)
	if refusal != nil {
		return *refusal
	}
	reply, err := s.Company.Take(m, now())
	if err != nil {
		return s.failed("take an application in", err)
	}
	return replied(reply)
}

func (s *Site) withdraw(r *http.Request) answer {
	m, refusal := s.signed(r)
	if refusal != nil {
		return *refusal
	}
	reply, err := s.Company.Withdraw(r.PathValue("reference"), m, now())
	if err != nil {
		return s.failed("withdraw an application", err)
	}
	return replied(reply)
}

func replied(reply company.Reply) answer {
	switch {
	case reply.Problem != nil:
		return answer{reply.Status, reply.Problem}
	case reply.Acceptance != nil:
		return answer{reply.Status, reply.Acceptance}
	default:
		return answer{reply.Status, reply.State}
	}
}

func (s *Site) state(r *http.Request) answer {
	settings, err := s.settings()
	if err != nil {
		return s.failed("read the settings", err)
	}
	if !bearer(r, settings.Token) {
		return unauthorised
	}
	state, err := s.Company.State(r.PathValue("reference"))
	if err != nil {
		return s.failed("read an application", err)
	}
	return answer{http.StatusOK, state}
}

func (s *Site) setFaults(w http.ResponseWriter, r *http.Request) {
	s.write(w, s.faultsFor(r, func() answer {
		var switches faults.Switches
		decoder := json.NewDecoder(r.Body)
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&switches); err != nil {
			return problem(http.StatusUnprocessableEntity, "malformed", "没有这样的开关。")
		}
		if err := s.Board.Set(switches); err != nil {
			return problem(http.StatusUnprocessableEntity, "malformed", err.Error())
		}
		return answer{http.StatusOK, switches}
	}))
}

func (s *Site) showFaults(w http.ResponseWriter, r *http.Request) {
	s.write(w, s.faultsFor(r, func() answer { return answer{http.StatusOK, s.Board.Read()} }))
}

// faultsFor lets the operator's programs at the switches, where there are any.
func (s *Site) faultsFor(r *http.Request, act func() answer) answer {
	if !s.Faults {
		return problem(http.StatusNotFound, "faults_off", "故障开关未启用：须以 serve --faults 启动。")
	}
	return s.forOperator(r, act)
}
