#: breaks: passes-lamp
#: expects: does not succeed.*the last state that it entered: Tell Ready
#: because: The output of a state is thought to contain its input.
#: changes: gap 1
     },
-    "Output": "{% $states.input %}",
     "Catch": [
