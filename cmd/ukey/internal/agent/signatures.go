package agent

import (
	"context"
	"mime"
	"net/http"
	"time"

	"unireg/certificate"
)

// maxSkew is how far a statement's time may lie from this computer's clock.
const maxSkew = 5 * time.Minute

type signatureRequest struct {
	Certificate string `json:"certificate"`
	Statement   []byte `json:"statement"`
}

type signatureLocation struct {
	ID     string `json:"id"`
	Window string `json:"window"`
}

// requestSignature takes in a statement to be signed and answers where the
// person is asked for the PIN.
func (a *Agent) requestSignature(w http.ResponseWriter, r *http.Request) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		a.fail(w, http.StatusUnsupportedMediaType, "type", "请求不是 JSON。")
		return
	}
	var asked signatureRequest
	if err := decode(w, r, &asked); err != nil {
		a.fail(w, http.StatusBadRequest, "body", "请求的格式不正确。")
		return
	}
	origin, now := r.Header.Get("Origin"), a.Now()
	st, err := certificate.ParseStatement(asked.Statement)
	if err != nil {
		a.Log.Warn("refused: not a statement", "origin", origin)
		a.fail(w, http.StatusBadRequest, "statement", "待签名内容不是本系统的声明，CA 驱动不予签名。")
		return
	}
	if st.Origin != origin {
		a.Log.Warn("refused: statement of another origin", "origin", origin)
		a.fail(w, http.StatusForbidden, "origin", "待签名内容属于另一个网站，CA 驱动不予签名。")
		return
	}
	if st.Time.Before(now.Add(-maxSkew)) || st.Time.After(now.Add(maxSkew)) {
		a.fail(w, http.StatusBadRequest, "time", "待签名内容的时间与本机时间相差超过 5 分钟，请校准本机时间后重试。")
		return
	}
	c, ok := a.Tokens.Find(asked.Certificate)
	if !ok {
		a.fail(w, http.StatusNotFound, "certificate", "没有找到所选的证书，请重新插入 CA 锁。")
		return
	}
	wish, err := a.requests.add(origin, st, asked.Statement, c, now)
	if err != nil {
		a.Log.Warn("refused: no room for a request", "origin", origin, "error", err)
		a.fail(w, http.StatusTooManyRequests, "too_many", "等待输入口令的请求过多，请稍后重试。")
		return
	}
	a.Log.Info("signature asked for", "request", wish.id, "origin", origin, "purpose", st.Purpose)
	a.reply(w, http.StatusCreated, signatureLocation{ID: wish.id, Window: "http://" + r.Host + "/authenticate/" + wish.id})
}

type signatureAnswer struct {
	State       State    `json:"state"`
	Reason      Reason   `json:"reason,omitempty"`
	TriesLeft   *int     `json:"tries_left"`
	Signature   []byte   `json:"signature,omitempty"`
	Certificate []byte   `json:"certificate,omitempty"`
	Chain       [][]byte `json:"chain,omitempty"`
}

// signature tells the origin that asked what became of its request. With ?wait=
// it answers when that is decided, or after a while.
func (a *Agent) signature(w http.ResponseWriter, r *http.Request) {
	wish := a.requests.find(r.PathValue("id"), a.Now())
	if wish == nil || wish.origin != r.Header.Get("Origin") {
		a.fail(w, http.StatusNotFound, "request", "没有这个签名请求，或已过期。")
		return
	}
	if r.URL.Query().Get("wait") != "" {
		a.await(r.Context(), wish)
	}
	o := wish.at(a.Now())
	answer := signatureAnswer{State: o.State, Reason: o.Reason, TriesLeft: tries(o.TriesLeft)}
	if o.State == Signed {
		answer.Signature, answer.Certificate, answer.Chain = o.Signature, wish.certificate.Raw(), wish.certificate.Chain
	}
	a.reply(w, http.StatusOK, answer)
}

// await waits for the outcome, the request's end, or the end of patience.
func (a *Agent) await(ctx context.Context, wish *request) {
	now := a.Now()
	if wish.at(now).State != Waiting {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, min(patience, wish.ends().Sub(now)))
	defer cancel()
	select {
	case <-ctx.Done():
	case <-wish.done:
	}
}
