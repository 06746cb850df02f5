// The course's part of JupyterLab. It makes the buttons of check panels (lab/panel.py), of predictions (lab/predict.py) and of
// the front page (lab/welcome.py) work and keeps the front page up to date. It shows words where a widget is gone, gives
// figures their alt text, and saves the open notebooks when the server stops (course/stopping.py).
//
// A button of a panel asks the notebook's kernel for `serverless_first.lab.press.press(lab, task, action)`, which needs no
// variable of the notebook. That is why it works after a kernel restart and in a notebook that was opened again.
// JupyterLab loads this file as it is, without a build: it is a container of webpack's module federation, by hand.
(() => {
  "use strict";

  const FRONT_PAGE = "welcome.md";
  const REFRESH_MS = 2000;
  const BUTTONS = ".lab-panel [data-lab-do], .prediction-open, .course-path";
  const STYLE = `
    .lab-panel .lab-buttons { display: flex !important; flex-wrap: wrap; gap: 0.5em; margin-top: 0.6em }
    .lab-panel .lab-typed { display: none }
    .lab-panel .lab-buttons button, .course-path {
      font: inherit; color: inherit; background: transparent; border: 1px solid currentColor; border-radius: 4px;
      padding: 0.25em 0.8em; cursor: pointer }
    .course-path { padding: 0 0.5em }
    .lab-panel .lab-buttons .lab-main {
      background: var(--course-line, #0072b2); border-color: var(--course-line, #0072b2);
      color: var(--course-paper, #fff); font-weight: 600 }
    .course-path[hidden] { display: inline-block }
    .lab-panel .lab-buttons button:not(.lab-main):hover, .course-path:hover { background: color-mix(in srgb, currentColor 12%, transparent) }
    .lab-panel .lab-buttons button:focus-visible, .course-path:focus-visible { outline: 3px solid var(--course-line, #0072b2); outline-offset: 2px }
    .lab-panel:focus { outline: none }
    .lab-panel:focus-visible { outline: 3px solid var(--course-line, #0072b2); outline-offset: 2px }
    .lab-panel .lab-answer:not(:empty) { margin-top: 0.6em }
    .course-words { white-space: pre-wrap; padding: 0.3em 0 }`;

  // ipywidgets shows these in the place of a widget.
  const MESSAGES = ["Loading widget...", "Error displaying widget: model not found"];
  const AGAIN = "Run this cell to use it again.";

  const STOPPING = "https://serverless-first.invalid/stopping"; // as in course/stopping.py

  /** The notebook in front, or null: other pages of JupyterLab have no cells. */
  const notebookOf = (app) => {
    const panel = app.shell.currentWidget;
    return panel?.content?.widgets && panel.sessionContext ? panel : null;
  };

  const tagsOf = (cell) => cell.model.getMetadata("tags") ?? [];

  /** Selects a cell so that Shift+Enter runs it, and scrolls to it. */
  const select = async (notebook, number) => {
    notebook.mode = "command";
    notebook.activeCellIndex = number;
    await notebook.scrollToItem(number, "smart").catch(() => undefined);
    notebook.activate();
  };

  /** Unfolds the experiment that follows a prediction, and selects its first cell. */
  const openExperiment = async (app, button) => {
    const notebook = notebookOf(app)?.content;
    const asked = notebook?.widgets.findIndex((cell) => cell.node.contains(button)) ?? -1;
    if (asked < 0) return;
    const fold = notebook.widgets.findIndex((cell, number) => number > asked && tagsOf(cell).includes("experiment"));
    if (fold < 0) return;
    notebook.widgets[fold].headingCollapsed = false;
    if (fold + 1 < notebook.widgets.length) await select(notebook, fold + 1);
  };

  /** Goes to a task's heading, or to its cell where no heading names it. */
  const goTo = async (app, task) => {
    const notebook = notebookOf(app)?.content;
    if (!notebook) return false;
    const heading = new RegExp(`^#+ .*\\b${task.replace(".", "\\.")}\\b`, "m");
    const isHeading = (cell) => cell.model.type === "markdown" && heading.test(cell.model.sharedModel.getSource());
    let number = notebook.widgets.findIndex(isHeading);
    if (number < 0) number = notebook.widgets.findIndex((cell) => tagsOf(cell).includes(`task-${task}`));
    if (number >= 0) await select(notebook, number);
    return number >= 0;
  };

  /** Shows one message of the kernel in `place`, by the renderers that JupyterLab uses below cells. */
  const show = async (rendermime, place, message) => {
    const { content } = message;
    const bundles = {
      stream: () => ({ [`application/vnd.jupyter.${content.name}`]: content.text }),
      display_data: () => content.data,
      execute_result: () => content.data,
      error: () => ({ "text/plain": `${content.ename}: ${content.evalue}` }),
    };
    const data = bundles[message.header.msg_type]?.();
    const kind = data && rendermime.preferredMimeType(data, "any");
    if (!kind) return;
    const renderer = rendermime.createRenderer(kind);
    place.append(renderer.node);
    await renderer.renderModel(rendermime.createModel({ data, metadata: content.metadata ?? {}, trusted: true }));
  };

  /** Asks a kernel to call a function of `serverless_first.lab.press` with these words. */
  const call = (kernel, name, ...words) => {
    const code = `__import__("serverless_first.lab.press", fromlist=[""]).${name}(${words.map((word) => JSON.stringify(word))})`;
    return kernel.requestExecute({ code, store_history: false, stop_on_error: false });
  };

  const press = async (app, button) => {
    const box = button.closest(".lab-panel");
    const action = button.dataset.labDo;
    const place = box.querySelector(":scope > .lab-answer");
    if (action === "next") {
      const here = await goTo(app, box.dataset.next);
      if (!here) place.textContent = `Task ${box.dataset.next} is not in this notebook. Open the lab of this module.`;
      return;
    }
    if (action === "open") {
      await app.commands.execute("docmanager:open", { path: box.dataset.open });
      return;
    }
    const panel = notebookOf(app);
    const kernel = panel?.sessionContext.session?.kernel;
    if (!kernel) {
      place.textContent = "This notebook has no kernel. Choose Kernel > Restart Kernel, then press the button again.";
      return;
    }
    const future = call(kernel, "press", box.dataset.lab, box.dataset.task, action);
    if (action === "check") {
      const cell = panel.content.widgets.find((each) => each.node.contains(box));
      cell.outputArea.future = future; // takes the place of the old panel, as running the cell does
      await future.done.catch(() => undefined);
      setTimeout(() => cell.node.querySelector(".lab-panel")?.focus(), 100); // a screen reader reads the new panel
      return;
    }
    place.textContent = "Waiting for the kernel …";
    let answered = false;
    future.onIOPub = (message) => {
      if (!["stream", "display_data", "execute_result", "error"].includes(message.header.msg_type)) return;
      if (!answered) place.replaceChildren();
      answered = true;
      void show(panel.content.rendermime, place, message);
    };
    await future.done.catch(() => undefined);
    if (!answered) place.textContent = "The kernel gave no answer. Press the button again.";
    if (action === "share" || action === "keep") button.closest(".lab-consent")?.remove();
  };

  /** Shows the front page as the file is now, because kernels rewrite it as the learner makes progress. */
  const refreshFrontPage = async (app) => {
    const page = [...app.shell.widgets("main")].find((widget) => widget.context?.path === FRONT_PAGE);
    const context = page?.context;
    if (document.hidden || !page?.isVisible || !context.isReady || context.model.dirty) return;
    const file = await app.serviceManager.contents.get(FRONT_PAGE, { content: false });
    if (file.last_modified !== context.contentsModel.last_modified) await context.revert();
  };

  /** Keeps the path that a learner chooses on the front page. The page has no kernel, so one starts for this call. */
  const choosePath = async (app, button) => {
    button.disabled = true;
    let kernel;
    try {
      kernel = await app.serviceManager.kernels.startNew();
      const reply = await call(kernel, "choose_path", button.value).done;
      if (reply.content.status !== "ok") throw new Error(reply.content.evalue);
      await refreshFrontPage(app);
    } catch (error) {
      button.textContent = "Not saved. Try again";
      button.disabled = false;
      console.error(error);
    } finally {
      await kernel?.shutdown();
    }
  };

  const panels = {
    id: "serverless-first:panels",
    description: "Buttons of the course's panels and predictions",
    autoStart: true,
    activate: (app) => {
      const style = document.createElement("style");
      style.textContent = STYLE;
      document.head.append(style);
      document.addEventListener("click", (event) => {
        const button = event.target.closest?.(BUTTONS);
        if (!button || button.disabled) return;
        if (button.matches(".course-path")) void choosePath(app, button);
        else void (button.dataset.labDo ? press(app, button) : openExperiment(app, button));
      });
      const refresh = () => void refreshFrontPage(app).catch(() => undefined);
      setInterval(refresh, REFRESH_MS);
      app.shell.currentChanged?.connect(refresh); // who comes back to the page reads no old step
      // JupyterLab's shortcuts, such as Enter for "edit this cell", must not take the keys of a focused button.
      // On the window, because JupyterLab listens on the document.
      window.addEventListener(
        "keydown",
        (event) => {
          const isButton = event.target.closest?.(BUTTONS);
          if (isButton && !event.shiftKey && ["Enter", " "].includes(event.key)) event.stopPropagation();
        },
        true,
      );
    },
  };

  /** The output of a cell that `node` shows, or undefined. */
  const outputOf = (app, node) => {
    for (const panel of app.shell.widgets("main")) {
      const cell = panel.content?.widgets?.find?.((each) => each.outputArea && each.node.contains(node));
      const number = cell?.outputArea.widgets.findIndex((each) => each.node.contains(node)) ?? -1;
      if (number >= 0) return cell.outputArea.model.get(number);
    }
    return undefined;
  };

  /** The words that a kernel sent along with a widget, for pages without widgets. */
  const wordsOf = (app, node) => String(outputOf(app, node)?.data["text/plain"] ?? "");

  /** Gives a figure the alt text that its output has, which JupyterLab doesn't read. */
  const describe = (app, picture) => {
    const alt = outputOf(app, picture)?.metadata["image/png"]?.alt;
    if (alt) picture.alt = alt;
  };

  /** Shows a widget's words while it loads, and when its kernel has ended, instead of ipywidgets' messages. */
  const showWords = (app, node, message) => {
    // A widget that has no words sends Python's representation. What was picked is saved elsewhere.
    const words = wordsOf(app, node).replace(/^\w+\([^]*$/, "").replace(/\nYour pick: none yet$/, "");
    if (!message.startsWith("Error")) {
      if (words) node.textContent = words;
    } else {
      node.textContent = [words, words.includes("Run this cell") ? "" : AGAIN].filter(Boolean).join("\n");
    }
    node.classList.add("course-words");
  };

  const widgets = {
    id: "serverless-first:widgets",
    description: "Words instead of widgets whose kernel has ended, and alt texts of figures",
    autoStart: true,
    activate: (app) => {
      new MutationObserver((changes) => {
        for (const { target, addedNodes } of changes) {
          for (const added of addedNodes) {
            const pictures = added.matches?.("img") ? [added] : added.querySelectorAll?.(".jp-RenderedImage img") ?? [];
            for (const picture of pictures) if (!picture.hasAttribute("alt")) describe(app, picture);
          }
          const message = addedNodes.length === 1 && addedNodes[0].nodeType === Node.TEXT_NODE && addedNodes[0].data;
          if (MESSAGES.includes(message)) showWords(app, target, message);
          else if (message === false && target.matches(".course-words")) target.classList.remove("course-words");
        }
      }).observe(document.body, { childList: true, subtree: true });
    },
  };

  const saving = {
    id: "serverless-first:saving",
    description: "Saves the open notebooks when the server stops",
    autoStart: true,
    activate: (app) => {
      const { events } = app.serviceManager;
      const page = String(Math.random());
      events.stream.connect(async (_, event) => {
        if (event.schema_id !== STOPPING || event.state !== "asked") return;
        const contexts = new Set([...app.shell.widgets("main")].map((each) => each.context));
        const unsaved = new Set([...contexts].filter((context) => context?.model?.dirty));
        const tell = () => {
          const paths = [...unsaved].map((context) => context.path);
          return events.emit({ schema_id: STOPPING, version: "1", data: { state: "unsaved", page, paths } });
        };
        await tell();
        await Promise.allSettled([...unsaved].map((context) => context.save().then(() => unsaved.delete(context))));
        await tell();
      });
    },
  };

  const containers = (window._JUPYTERLAB = window._JUPYTERLAB ?? {});
  containers["serverless-first"] = {
    init: async () => undefined,
    get: async () => () => ({ __esModule: true, default: [panels, widgets, saving] }),
  };
})();
