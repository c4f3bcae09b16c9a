// Preloaded by node: every server listens on loopback only.
const net = require("net");
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (options, ...rest) {
	if (typeof options === "object")
		options = Object.assign({}, options, { host: "127.0.0.1" });
	return listen.call(this, options, ...rest);
};
