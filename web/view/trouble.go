package view

// ErrorModel is one page for everything that goes wrong.
type ErrorModel struct {
	Status    int    // 400 403 404 409 413 422 429 500 503
	Happened  string // what happened; "" takes the status's own words
	Todo      string // what to do; "" takes the status's own words
	Reference string // to be named to the hotline; "" for none
	Links     []Link
	Again     *Again   // what was posted, where posting it again may help
	Wrote     []string // what the person had written, where it does not
}

// Again posts a form once more, as it was, but for passwords.
type Again struct {
	Action string
	Fields []PostedField
}

// PostedField is one posted name and value.
type PostedField struct{ Name, Value string }

// SessionEndedModel keeps what a person posted after the session had ended: a
// login form carries it along as hidden inputs. It posts account, member and password to
// /login (staff: login and password to /staff/login) together with resume (the
// Action) and the fields, each as "kept.NAME". After the login the handler
// answers with a ResumePage.
type SessionEndedModel struct {
	Account string
	Member  string
	Action  string // the local URL that was posted to
	Fields  []PostedField
	Error   string
	Staff   bool
}

// ResumeModel is the page after such a login: one button posts the fields to
// the Action again, with the new session's CSRF token. It also serves a page that
// was opened under an earlier session.
type ResumeModel struct {
	Action  string
	Fields  []PostedField
	Heading string // "" says that the person has logged in again
	Text    string
}

func (m ResumeModel) heading() string {
	if m.Heading != "" {
		return m.Heading
	}
	return "已重新登录"
}

func (m ResumeModel) text() string {
	if m.Text != "" {
		return m.Text
	}
	return "刚才填写的内容都在，点击“继续”接着办理。"
}

// troubleText is what a status says of itself.
type troubleText struct{ heading, happened, todo string }

var troubleTexts = map[int]troubleText{
	400: {"提交的内容无法识别", "系统没能读懂这次请求，可能是页面放置过久或内容不完整。", "请返回上一页，刷新后重新操作。"},
	403: {"没有权限", "当前账号不能查看或办理这一项。", "请确认登录的账号，或返回首页从导航进入。"},
	404: {"没有找到这个页面", "地址可能有误，或内容已不存在。", "请检查地址，或返回首页从导航进入。"},
	409: {"内容已被更新", "在您操作期间，这项内容在别处发生了变化。", "请打开最新的内容，核对后重新操作。"},
	413: {"文件过大", "上传的文件超过了大小上限。", "请压缩或分成几个文件后重新上传。"},
	422: {"内容需要修改", "提交的内容中有需要修改的地方。", "请返回上一页，按提示修改后重新提交。"},
	429: {"操作过于频繁", "短时间内的请求太多，系统暂时拦下了这一次。", "请稍等一分钟再试。"},
	500: {"系统出了问题", "这次操作没有完成，原因在系统一方，已记录。", "请稍后重试；若仍不成功，请致电服务热线。"},
	503: {"系统暂时无法使用", "系统正在维护或暂时繁忙。", "请过几分钟再试。"},
}

func (m ErrorModel) text() troubleText {
	if text, ok := troubleTexts[m.Status]; ok {
		return text
	}
	return troubleTexts[500]
}

func (m ErrorModel) heading() string { return m.text().heading }

func (m ErrorModel) happened() string {
	if m.Happened != "" {
		return m.Happened
	}
	return m.text().happened
}

func (m ErrorModel) todo() string {
	if m.Todo != "" {
		return m.Todo
	}
	return m.text().todo
}

func (m ErrorModel) links() []Link {
	if len(m.Links) > 0 {
		return m.Links
	}
	return []Link{{"/", "返回首页"}}
}

func (m SessionEndedModel) loginURL() string {
	if m.Staff {
		return "/staff/login"
	}
	return "/login"
}
