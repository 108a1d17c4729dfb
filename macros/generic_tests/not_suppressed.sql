{#- Nobody in this identity column stands in the suppression model. Returns who does, and why. -#}
{% test not_suppressed(model, column_name, suppressions, key=none, reason='reason') %}

select
    suppressed.{{ key or column_name }} as identity_id,
    suppressed.{{ reason }} as reason
from {{ suppressions }} as suppressed
where suppressed.{{ key or column_name }} in (select {{ column_name }} from {{ model }})

{% endtest %}
