package web

// accountRoutes are what a subject does with its login, receipts and messages.
var accountRoutes = []route{}
