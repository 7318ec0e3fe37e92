package site

import (
	"encoding/json"
	"net/http"

	"unireg/cmd/cacompany/internal/company"
	"unireg/cmd/cacompany/internal/ledger"
	"unireg/cmd/cacompany/internal/setup"
)

// automationRoutes are the operator's pages for programs, under the bearer token
// of operator.txt.
func (s *Site) automationRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /operator/ledger", s.automation(s.countLedger))
	mux.HandleFunc("GET /operator/applications/{reference}", s.automation(s.showApplication))
	mux.HandleFunc("POST /operator/applications/{reference}/{action}", s.automation(s.decide))
	mux.HandleFunc("GET /operator/certificates", s.automation(s.listCertificates))
	mux.HandleFunc("POST /operator/certificates/{serial}/{action}", s.automation(s.certify))
	mux.HandleFunc("POST /operator/secrets/{side}/{action}", s.automation(s.exchange))
}

func (s *Site) automation(act func(*http.Request) answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.write(w, s.forOperator(r, func() answer { return act(r) }))
	}
}

// forOperator acts for a program that bears the operator's token.
func (s *Site) forOperator(r *http.Request, act func() answer) answer {
	settings, err := s.settings()
	if err != nil {
		return s.failed("read the settings", err)
	}
	if !bearer(r, settings.OperatorToken) {
		return unauthorised
	}
	return act()
}

func (s *Site) countLedger(*http.Request) answer {
	var counts ledger.Counts
	if err := s.Store.View(func(tx *ledger.Tx) (err error) {
		counts, err = tx.Count(now())
		return err
	}); err != nil {
		return s.failed("count the ledger", err)
	}
	return answer{http.StatusOK, counts}
}

func (s *Site) showApplication(r *http.Request) answer {
	detail, err := s.detail(r.PathValue("reference"))
	if err != nil {
		return s.failed("read an application", err)
	}
	return answer{http.StatusOK, map[string]any{
		"status": detail.Application.Status, "order_no": detail.Application.OrderNo, "events": detail.Application.State().Events,
		"serials": detail.Application.Serials,
	}}
}

// asked reads the JSON of a request into a value; an absent body is an empty one.
func asked(r *http.Request, into any) *answer {
	content, ok := body(r)
	if ok && len(content) == 0 {
		return nil
	}
	if !ok || json.Unmarshal(content, into) != nil {
		refusal := problem(http.StatusUnprocessableEntity, "malformed", "请求内容不是所需的 JSON。")
		return &refusal
	}
	return nil
}

func (s *Site) decide(r *http.Request) answer {
	var decision company.Decision
	if refusal := asked(r, &decision); refusal != nil {
		return *refusal
	}
	decision.Action = company.Action(r.PathValue("action"))
	outcome, err := s.Company.Decide(r.PathValue("reference"), decision, now())
	if err != nil {
		return s.failed("decide about an application", err)
	}
	return answer{http.StatusOK, outcome}
}

// issuedCertificate is a certificate as programs of the operator see it.
type issuedCertificate struct {
	Serial    string                  `json:"serial"`
	Issuer    string                  `json:"issuer"`
	Reference string                  `json:"reference"`
	Use       string                  `json:"use"`
	Algorithm string                  `json:"algorithm"`
	State     ledger.CertificateState `json:"state"`
	Reason    string                  `json:"reason,omitempty"`
	PEM       string                  `json:"pem"`
}

func (s *Site) listCertificates(*http.Request) answer {
	list := []issuedCertificate{}
	err := s.Store.View(func(tx *ledger.Tx) error {
		for c, err := range tx.Certificates() {
			if err != nil {
				return err
			}
			list = append(list, issuedCertificate{c.Serial, c.Issuer, c.Reference, c.Use, c.Algorithm, c.State, c.Reason, c.PEM})
		}
		return nil
	})
	if err != nil {
		return s.failed("list certificates", err)
	}
	return answer{http.StatusOK, map[string]any{"certificates": list}}
}

func (s *Site) certify(r *http.Request) answer {
	var order struct {
		Reason string `json:"reason"`
	}
	if refusal := asked(r, &order); refusal != nil {
		return *refusal
	}
	if err := s.Company.Certify(r.PathValue("serial"), company.CertificateAction(r.PathValue("action")), order.Reason, now()); err != nil {
		return s.failed("certify", err)
	}
	return answer{http.StatusOK, struct{}{}}
}

func (s *Site) exchange(r *http.Request) answer {
	if err := s.exchangeSecrets(setup.Side(r.PathValue("side")), r.PathValue("action")); err != nil {
		return s.failed("exchange secrets", err)
	}
	return answer{http.StatusOK, struct{}{}}
}

// exchangeSecrets draws new secrets for a direction, or retires the old ones.
func (s *Site) exchangeSecrets(side setup.Side, action string) error {
	known := side == setup.Incoming || side == setup.Outgoing
	switch {
	case known && action == "rotate":
		return setup.Rotate(s.Directory, s.Store, side)
	case known && action == "retire":
		return setup.Retire(s.Directory, s.Store, side)
	default:
		return &company.Refusal{Status: http.StatusNotFound, Code: "unknown_action", Detail: "没有这个操作。"}
	}
}
