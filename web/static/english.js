// Generated from web/words/en.po by `make generate`.
export const english = {
};
