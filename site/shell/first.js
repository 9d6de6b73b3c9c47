// The first script of a page. It loads all the others, one after the other, and checks that they arrive. A file that
// does not arrive is requested once more, bypassing the cache; then the page shows which file is missing, why, and what
// still works. This file is written in ECMAScript 5, so that browsers that are too old for the lab can read it.
"use strict";

(function () {
  var TOO_OLD = "This browser is too old for the lab: it needs Chrome 109, Firefox 115, Safari 16.4 or newer.";
  var MISSED = "A file of the lab did not arrive";
  /** What does not work without a script, by the script's name. All other scripts need the first one. */
  var WITHOUT = {
    page: "The text can be read; your prediction and your work cannot be taken yet.",
    python: "The text and your prediction work without it, and what you write is saved.",
  };
  var me = document.currentScript;
  var html = document.documentElement;
  var scriptUrls = me.getAttribute("data-scripts").split(" ");
  var fromFolder = location.protocol === "file:";
  var arrived = {}; // name of a script -> whether it has run completely
  var missing = []; // addresses of scripts that did not arrive
  var cause = null; // why the last of them did not
  var busy = true;
  var loading = ""; // address of the script that is being run; `load` handles its syntax errors

  /** The name in an address: "assets/page.0123456789.js" -> "page". */
  function nameOf(url) {
    return fileOf(url).split(".")[0];
  }

  function fileOf(url) {
    return url.split("?")[0].split("/").pop();
  }

  /** Whether the browser is older than the oldest supported one. The scripts use syntax as new as these features. */
  function isOld() {
    return typeof globalThis === "undefined" || !Array.prototype.at || !Array.prototype.findLast || typeof structuredClone !== "function";
  }

  function tell(type) {
    var event = document.createEvent("CustomEvent");
    event.initCustomEvent(type, false, false, null);
    document.dispatchEvent(event);
  }

  // -- words on the page ---------------------------------------------------------------------------------

  /** Shows a sentence in the page's status line; a page without a status line gets a notice. */
  function say(text, state) {
    var target = document.querySelector("[data-boot-text]");
    if (!target) return note(text);
    target.textContent = text;
    if (state) html.setAttribute("data-boot", state);
    var button = document.querySelector("[data-boot-retry]");
    if (button) button.textContent = cause && cause.kind === "updated" ? "Reload the page" : "Try again";
  }

  /** Shows a sentence until the page is loaded again; only the first one is shown. */
  function note(text) {
    if (document.querySelector("[data-trouble]")) return;
    var noticeElement = document.createElement("p");
    noticeElement.className = "notice trouble";
    noticeElement.setAttribute("data-trouble", "");
    noticeElement.setAttribute("role", "alert");
    noticeElement.textContent = text;
    var home = document.querySelector("[data-notice]");
    if (home) home.parentNode.insertBefore(noticeElement, home);
    else (document.querySelector("main") || document.body).insertBefore(noticeElement, (document.querySelector("main") || document.body).firstChild);
  }

  /** What happened and what to do, in a sentence or two. @param {{kind: string, status?: number, type?: string}} why */
  function words(why) {
    var status = why.status ? " (status " + why.status + ")" : "";
    var again = "“Try again” asks for it once more.";
    switch (why.kind) {
      case "old": return TOO_OLD;
      case "folder": return "It is not in the folder of this page, or it is damaged. Unpack the whole archive of the lab, then open index.html in the new folder.";
      case "offline": return "This device is offline. Connect it; then " + again.charAt(0).toLowerCase() + again.slice(1);
      case "network": return "The connection to the host broke off, or something in the browser blocks the file. Check the connection and extensions that block; " + again;
      case "gone": return "The host does not have it" + status + ". Whoever publishes this lab has to upload the whole folder. " + again;
      case "updated": return "The lab was updated while this page was loading. Reload the page to get the new one; what was saved is kept.";
      case "refused": return "The host refuses to send it" + status + ". Whoever publishes this lab has to allow it. " + again;
      case "busy": return "The host cannot send it just now" + status + ". Wait a minute; then “Try again”.";
      case "proxy": return "A web page came in its place, as the sign-in page or the filter of a network sends it, or a host that lacks the file. Sign in to the network or use another one; then “Try again”.";
      case "type": return "The host sends it as “" + why.type + "”, which the browser may not run. Whoever publishes this lab has to send .js files as text/javascript.";
      default: return "It arrived damaged or cut off, twice: the host, a proxy or the line spoils it. " + again;
    }
  }

  // -- why a file does not arrive --------------------------------------------------------------------------

  function ask(url, then) {
    var request = new XMLHttpRequest();
    request.open("GET", url);
    request.setRequestHeader("Cache-Control", "no-cache");
    request.timeout = 20000;
    request.onloadend = function () { then(request); };
    try {
      request.send();
    } catch (error) {
      then(request);
    }
  }

  function isPage(request) {
    return /^\s*</.test(request.responseText || "");
  }

  /** Requests the newest page at this address: if it does not name the file, it belongs to another edition. */
  function afterUpdate(url, then) {
    ask(location.href.split("#")[0], function (request) {
      var text = request.responseText || "";
      if (request.status !== 200) return then("network");
      if (text.indexOf("data-scripts=") < 0) return then("proxy");
      then(text.indexOf(fileOf(url)) < 0 ? "updated" : "gone");
    });
  }

  /** Finds out why a file did not arrive: the answer has a `kind`.
   * @param {{kind?: string, status?: number}} known facts */
  function why(url, known, then) {
    function settle(kind, status, type) {
      cause = { kind: kind, status: status || 0, type: type || "" };
      then(cause);
    }
    var status = known.status || 0;
    if (fromFolder) return settle("folder");
    if (navigator.onLine === false) return settle("offline");
    if (!known.kind) {
      return ask(url, function (request) {
        var type = (request.getResponseHeader("Content-Type") || "").split(";")[0].trim().toLowerCase();
        var strict = /nosniff/i.test(request.getResponseHeader("X-Content-Type-Options") || "");
        if (request.status === 0) why(url, { kind: "network" }, then);
        else if (request.status !== 200) why(url, { kind: "status", status: request.status }, then);
        else if (isPage(request)) why(url, { kind: "html" }, then);
        else if (isOld()) settle("old");
        else if (!/(java|ecma)script$/.test(type) && (strict || /^(image|audio|video)\/|csv/.test(type))) settle("type", 0, type || "nothing");
        else settle("damaged");
      });
    }
    if (known.kind === "html" || status === 404 || status === 410) {
      return afterUpdate(url, function (kind) {
        settle(known.kind === "html" && kind !== "updated" ? "proxy" : kind, status);
      });
    }
    if (status >= 500 || status === 429 || status === 408) return settle("busy", status);
    if (status) return settle("refused", status);
    settle(known.kind);
  }

  // -- loading ---------------------------------------------------------------------------------------------

  /** Runs a script. If the host sent something else (another page, half a file), that is an error too, although the
   * browser calls `onload`. */
  function load(url, then, otherwise, again) {
    var element = document.createElement("script");
    var isInvalid = false;
    function failed() {
      window.removeEventListener("error", notice, true);
      if (element.parentNode) element.parentNode.removeChild(element);
      if (again) otherwise();
      else load(url, then, otherwise, true);
    }
    function notice(event) { // a script with invalid syntax
      if (event.filename && event.filename === element.src && /SyntaxError/.test(event.message)) {
        isInvalid = true;
        event.preventDefault();
      }
    }
    window.addEventListener("error", notice, true);
    element.src = again ? url + "?again=" + new Date().getTime() : url;
    loading = element.src;
    element.async = false;
    element.onerror = failed;
    element.onload = function () {
      window.removeEventListener("error", notice, true);
      if (isInvalid || (scriptUrls.indexOf(url) >= 0 && !arrived[nameOf(url)])) failed();
      else then();
    };
    document.head.appendChild(element);
  }

  /** Everything that can be loaded has been loaded. */
  function end() {
    busy = false;
    if (!arrived[nameOf(scriptUrls[0])] || api.whole) return;
    api.whole = true;
    tell("lab:whole");
  }

  function bring(urls) {
    if (!urls.length) return end();
    var url = urls[0];
    load(url, function () { bring(urls.slice(1)); }, function () {
      var first = url === scriptUrls[0];
      missing = first ? urls : missing.concat(url); // without the first the others would only fail
      if (first) html.setAttribute("data-view", "page"); // without scripts a reader cannot change the step
      why(url, {}, function (reason) {
        var consequence = WITHOUT[nameOf(url)] || "This page cannot do its work without it.";
        var lead = reason.kind === "old" ? "" : MISSED + " (" + fileOf(url) + "). ";
        say(lead + words(reason) + " " + consequence, "failed");
        if (first) end();
        else bring(urls.slice(1));
      });
    });
  }

  function again() {
    if (cause && cause.kind === "updated") return location.reload();
    if (busy) return;
    var urls = missing;
    busy = true;
    missing = [];
    say("Asking for the missing file once more.", "static");
    bring(urls);
  }

  /** Requests the style sheet once more, too. Everything works without it. */
  function restyle(link) {
    if (link.getAttribute("data-again")) return note("The lab’s style sheet did not arrive: everything works, but it looks plain. Reload the page to ask for it again.");
    link.setAttribute("data-again", "1");
    link.href = link.href + "?again=" + new Date().getTime();
  }

  window.addEventListener("error", function (event) {
    var target = event.target;
    if (target instanceof HTMLLinkElement && target.rel === "stylesheet" && target.href) restyle(target);
    // An error in the lab's own scripts, in any listener: the others continue, and the page shows a note.
    else if (event.error && isOurs(event.filename) && !(event.filename === loading && /SyntaxError/.test(event.message))) complain(event.error);
  }, true);
  window.addEventListener("unhandledrejection", function (event) {
    if (event.reason && isOurs(event.reason.stack)) complain(event.reason);
  });

  function isOurs(text) {
    return scriptUrls.some(function (url) { return (text || "").indexOf(url) >= 0; });
  }

  /** Shows once that a piece of the page does not work; everything else continues. */
  function fault(error, piece) {
    if (window.console && console.error) console.error(piece ? piece + ":" : "", error);
    complain(error, piece);
  }

  function complain(error, piece) {
    note(isOld() ? TOO_OLD : "A piece of this page does not work" + (piece ? " (" + piece + ")" : "") + "; the rest does, and what you write is still saved. Reload the page if you miss it. (" + String(error && error.message || error).slice(0, 200) + ")");
  }

  /** Runs one source of a joined script; an error in it does not stop the others. */
  function piece(name, work) {
    try {
      work();
    } catch (error) {
      fault(error, name);
    }
  }

  var api = window.labFirst = {
    load: load,
    why: why,
    words: words,
    say: say,
    fault: fault,
    piece: piece,
    MISSED: MISSED,
    TOO_OLD: TOO_OLD,
    isOld: isOld,
    whole: false,
    /** Called when a joined script has run completely. */
    arrived: function (name) { arrived[name] = true; },
    get updated() { return Boolean(cause && cause.kind === "updated"); },
  };

  function begin() {
    // A guide has no workbench.
    if (document.querySelector("[data-boot-text]")) say("Reading and predicting need no Python. The workbench starts by itself.");
    document.addEventListener("click", function (event) {
      var target = /** @type {any} */ (event.target);
      while (target && target.nodeType === 1 && !target.hasAttribute("data-boot-retry")) target = target.parentNode;
      if (target && target.nodeType === 1 && (missing.length || api.updated)) again();
    });
    bring(scriptUrls);
  }

  /** Chooses the view of a lab page: one step at a time, unless the reader or the address chose one page. */
  function view() {
    var savedView = null;
    try {
      savedView = localStorage.getItem("data-selection-lab view");
    } catch (error) { /* then only the address counts */ }
    var fromAddress = /[?&]view=(page|steps)(&|$)/.exec(location.search);
    html.setAttribute("data-view", fromAddress ? fromAddress[1] : savedView === "page" ? "page" : "steps");
    html.setAttribute("data-place", /[?&]part=/.test(location.search) || /^#part-/.test(location.hash) ? "part" : /^#(synthesis|record)/.test(location.hash) ? location.hash.slice(1) : "start");
  }

  if (html.hasAttribute("data-version") && !isOld()) view();
  if (!fromFolder) {
    scriptUrls.forEach(function (url) { // download them while the browser parses the page; they run after that
      var hint = document.createElement("link");
      hint.rel = "preload";
      hint.setAttribute("as", "script");
      hint.href = url;
      document.head.appendChild(hint);
    });
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
