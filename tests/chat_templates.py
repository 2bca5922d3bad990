"""Small chat templates of our own, in the shapes of the families that people use: how they open and close turns, trim, write
thinking, tool calls and tool results, and what they do to earlier turns."""

from __future__ import annotations

CHATML = """\
{%- for message in messages -%}
<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endfor -%}
{%- if add_generation_prompt -%}
<|im_start|>assistant
{% endif -%}
"""

LLAMA_3_1 = """\
{{- bos_token -}}
{%- if tools -%}
<|start_header_id|>system<|end_header_id|>

Environment: ipython
{{ tools | tojson }}<|eot_id|>
{%- endif -%}
{%- for message in messages -%}
{%- if message.tool_calls -%}
<|start_header_id|>assistant<|end_header_id|>

{% for call in message.tool_calls -%}
{"name": "{{ call.function.name }}", "parameters": {{ call.function.arguments | tojson }}}
{%- endfor -%}
<|eom_id|>
{%- else -%}
<|start_header_id|>{{ 'ipython' if message.role == 'tool' else message.role }}<|end_header_id|>

{{ message.content | trim }}<|eot_id|>
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
<|start_header_id|>assistant<|end_header_id|>

{% endif -%}
"""

QWEN_3 = """\
{%- set ns = namespace(last_query=messages | length - 1, looking=true) -%}
{%- if tools -%}
<|im_start|>system
# Tools
{{ tools | tojson }}<|im_end|>
{% endif -%}
{%- for message in messages[::-1] -%}
{%- set index = messages | length - 1 - loop.index0 -%}
{%- if ns.looking and message.role == 'user' and not message.content.startswith('<tool_response>') -%}
{%- set ns.looking = false -%}
{%- set ns.last_query = index -%}
{%- endif -%}
{%- endfor -%}
{%- for message in messages -%}
{%- if message.role == 'tool' -%}
<|im_start|>user
<tool_response>
{{ message.content }}
</tool_response><|im_end|>
{% elif message.role == 'assistant' -%}
{%- set content = message.content or '' -%}
{%- set thought = '' -%}
{%- if message.reasoning_content is string -%}
{%- set thought = message.reasoning_content -%}
{%- elif '</think>' in content -%}
{%- set thought = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') -%}
{%- set content = content.split('</think>')[-1].lstrip('\\n') -%}
{%- endif -%}
<|im_start|>assistant
{% if loop.index0 > ns.last_query and (loop.last or thought) -%}
<think>
{{ thought.strip('\\n') }}
</think>

{% endif -%}
{{ content.lstrip('\\n') }}
{%- for call in message.tool_calls or [] %}
<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>
{%- endfor -%}
<|im_end|>
{% else -%}
<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
<|im_start|>assistant
{% if enable_thinking is defined and enable_thinking is false -%}
<think>

</think>

{% endif -%}
{%- endif -%}
"""

GEMMA_3 = """\
{{- bos_token -}}
{%- set first = namespace(prefix='') -%}
{%- set turns = messages -%}
{%- if messages[0].role == 'system' -%}
{%- set first.prefix = messages[0].content + '\\n\\n' -%}
{%- set turns = messages[1:] -%}
{%- endif -%}
{%- for message in turns -%}
<start_of_turn>{{ 'model' if message.role == 'assistant' else 'user' }}
{{ first.prefix if loop.first else '' }}{{ message.content | trim }}<end_of_turn>
{% endfor -%}
{%- if add_generation_prompt -%}
<start_of_turn>model
{% endif -%}
"""

MISTRAL = """\
{{- bos_token -}}
{%- set ns = namespace(system='') -%}
{%- for message in messages -%}
{%- if message.role == 'system' -%}
{%- set ns.system = message.content + '\\n\\n' -%}
{%- elif message.role == 'user' -%}
[INST] {{ ns.system if loop.index0 < 2 else '' }}{{ message.content }} [/INST]
{%- elif message.role == 'tool' -%}
[TOOL_RESULTS] {"content": {{ message.content | tojson }}}[/TOOL_RESULTS]
{%- elif message.tool_calls -%}
[TOOL_CALLS] [
{%- for call in message.tool_calls -%}
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
{%- endfor -%}
]{{ eos_token }}
{%- else %} {{ message.content | trim }}{{ eos_token }}
{%- endif -%}
{%- endfor -%}
"""

DEEPSEEK = """\
{{- bos_token -}}
{%- for message in messages -%}
{%- if message.role == 'system' -%}
{{ message.content }}
{%- elif message.role == 'user' -%}
<｜User｜>{{ message.content }}
{%- elif message.role == 'tool' -%}
<｜tool▁outputs▁begin｜>{{ message.content }}<｜tool▁outputs▁end｜>
{%- elif message.tool_calls -%}
<｜Assistant｜><｜tool▁calls▁begin｜>
{%- for call in message.tool_calls -%}
<｜tool▁call▁begin｜>{{ call.function.name }}<｜tool▁sep｜>{{ call.function.arguments | tojson }}<｜tool▁call▁end｜>
{%- endfor -%}
<｜tool▁calls▁end｜><｜end▁of▁sentence｜>
{%- else -%}
{%- set content = message.content.split('</think>')[-1] if '</think>' in message.content and not loop.last else message.content -%}
<｜Assistant｜>{{ content }}<｜end▁of▁sentence｜>
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}<｜Assistant｜>{%- endif -%}
"""

GLM = """\
[gMASK]<sop>
{%- for message in messages -%}
{%- if message.role == 'tool' -%}
<|observation|>
{{ message.content }}
{%- else -%}
<|{{ message.role }}|>
{{ message.content }}
{%- for call in message.tool_calls or [] -%}
<tool_call>{{ call.function.name }}
{{ call.function.arguments | tojson }}</tool_call>
{%- endfor -%}
{%- endif -%}
{%- if message.role == 'assistant' -%}<|endoftext|>{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}<|assistant|>
{% endif -%}
"""

PHI = """\
{%- for message in messages -%}
<|{{ message.role }}|>{{ message.content }}<|end|>
{%- endfor -%}
{%- if add_generation_prompt -%}<|assistant|>{%- endif -%}
"""

GPT_OSS = """\
{%- for message in messages -%}
{%- if message.role == 'assistant' -%}
{%- if message.reasoning_content and loop.last -%}
<|start|>assistant<|channel|>analysis<|message|>{{ message.reasoning_content }}<|end|>
{%- endif -%}
{%- if message.tool_calls -%}
{%- for call in message.tool_calls -%}
<|start|>assistant to=functions.{{ call.function.name }}<|channel|>commentary json<|message|>
{{- call.function.arguments | tojson }}<|call|>
{%- endfor -%}
{%- else -%}
<|start|>assistant<|channel|>final<|message|>{{ message.content }}<|return|>
{%- endif -%}
{%- else -%}
<|start|>{{ message.role }}<|message|>{{ message.content }}<|end|>
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}<|start|>assistant{%- endif -%}
"""

ZEPHYR = """\
{% for message in messages %}
{{ '<|' + message['role'] + '|>\\n' + message['content'] + eos_token + '\\n' }}
{%- endfor %}
{% if add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
"""

GENERATION_MARKS = """\
{%- for message in messages -%}
{%- if message.role == 'assistant' -%}
<|assistant|>{% generation %}{{ message.content }}<|end|>{% endgeneration %}
{%- else -%}
<|{{ message.role }}|>{{ message.content }}<|end|>
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}<|assistant|>{%- endif -%}
"""

ALWAYS_THINKS = """\
{%- for message in messages -%}
<|im_start|>{{ message.role }}
{% if message.role == 'assistant' -%}
<think>
{{ (message.reasoning_content or '').strip('\\n') }}
</think>

{% endif -%}
{{ message.content }}<|im_end|>
{% endfor -%}
{%- if add_generation_prompt -%}
<|im_start|>assistant
<think>
{% if not (open_thinking is defined and open_thinking) %}
</think>

{% endif -%}
{%- endif -%}
"""

TEMPLATES = {
    "chatml": CHATML, "llama-3.1": LLAMA_3_1, "qwen3": QWEN_3, "gemma-3": GEMMA_3, "mistral": MISTRAL,
    "deepseek": DEEPSEEK, "glm": GLM, "phi": PHI, "gpt-oss": GPT_OSS, "zephyr": ZEPHYR,
    "generation marks": GENERATION_MARKS, "always thinks": ALWAYS_THINKS,
}  # fmt: skip
"""By the family whose shape they have."""

SPECIAL_TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}
ENDS = (
    "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<end_of_turn>", "</s>", "<｜end▁of▁sentence｜>", "<|endoftext|>", "<|end|>",
    "<|call|>", "<|return|>",
)  # fmt: skip
"""What ends a turn in one or other of them."""
WITH_TOOLS = ("llama-3.1", "qwen3", "mistral", "deepseek", "glm", "gpt-oss")
"""Templates that write tool calls."""
